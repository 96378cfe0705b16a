"""What one shift hands to the next: read from the store, put into words, and posted once."""
