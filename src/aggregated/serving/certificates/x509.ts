/** The X.509 library, for issuing alone: loaded in one place, with what it depends on and does not load itself. */
import "reflect-metadata";

export * as x509 from "@peculiar/x509";
