"""A Slack-compatible workspace that runs on this machine, in memory, on the loopback interface only.

It stands alone: nothing here imports the rest of the project, nor any Slack SDK. `bot.workspace.server` starts it.
"""
