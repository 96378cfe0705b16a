"""One module for each kind of payload that Slack sends; each registers its listeners on the app."""
