"""Tests of the plug-in without Krita: `python3 -m unittest` in the folder above."""
