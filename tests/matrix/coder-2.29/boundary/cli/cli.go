// Package cli stands in for a subcommand of coder that the tests never start, and whose module is not to be had.
package cli

import "github.com/coder/serpent"

// BaseCommand says that it is not here.
func BaseCommand() *serpent.Command {
	return &serpent.Command{Use: "boundary", Short: "Not in this build", Hidden: true}
}
