"""The handover from one shift to the next: read from the store, rendered, and posted once."""
