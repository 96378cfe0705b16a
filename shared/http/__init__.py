"""HTTP client sessions and server set-up shared by both programs."""
