"""Pure: the dialogs that a person fills in, and what they filled in as values."""
