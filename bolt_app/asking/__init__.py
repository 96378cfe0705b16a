"""What people ask for: payloads, typed commands and dialogs, read as commands or as questions."""
