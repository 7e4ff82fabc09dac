"""What each command does, without a terminal: one folder a family of commands.

Nothing here prints or reads the environment. Start with the folder named after the command.
"""
