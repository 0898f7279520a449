"""The one kind of error that a user can mend; the command line prints it in one line."""


class UserError(Exception):
    """What was asked for, or found in a results folder, can't be used; the message names it."""
