"""Tests of the plug-in that need no Krita: `python3 -m unittest` in the folder above."""
