"""D-Edit in Krita: pick a thing in a picture and replace, move, resize, swap or remove it.

What is asked for goes one way through the files: what is offered (`describe`, `parameters`), the
docker (`docker`, `ui`), what its buttons do (`work`, `jobs`), an edit from beginning to end
(`run`), the layer that it is about (`source`) as it stands (`ground`), its items (`items`,
`masks`), the daemon (`client`, `wire`), and the new layer (`result`). `flow` is what lets all of it
wait without the window waiting. No pixel of an edit is computed here.
"""

__version__ = "0.1.0"


def _begin() -> None:
    try:
        import krita  # noqa: F401, PLC0415 (there is none in tests and other tools)
    except ImportError:
        return
    from .extension import register  # noqa: PLC0415 (it needs Krita)

    register()


_begin()
