/** Control planes that are deleted and made again while they are being reconciled. */
