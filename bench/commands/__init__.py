"""The commands: what each opens and runs. Their fields are the options of the command line.

Each imports what it alone needs when it runs, so that starting stays quick.
"""
