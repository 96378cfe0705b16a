"""The command `pagebridge`, and the processes that it starts on this machine."""
