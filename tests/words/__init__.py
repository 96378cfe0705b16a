"""Every word that people read, in one file for each place where they read it."""
