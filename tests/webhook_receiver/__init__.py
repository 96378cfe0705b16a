"""The receiver, over real sockets and with a real Valkey."""
