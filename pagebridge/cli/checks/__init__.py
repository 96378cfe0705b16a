"""The checks of `pagebridge doctor`, a module for each thing that is looked at. Each check is one small function."""
