"""The version of the plug-in. `dedit install` and the daemon's log show it."""

__version__ = "0.1.0"
