"""D-Edit in Krita: select an item of a picture and replace, move, resize, swap or remove it.

Data flows one way through the files:

1. `extension`, `docker`, `ui`: actions and widgets; `verbs`, `parameters`: what they offer;
2. `controller`: what the buttons do, with `document_view` (what the docker shows of the active
   document), `plan_preview`, `model_list` and `jobs` (the queue);
3. `command`, `edit`, `item_commands`, `history`: one command from the document to the new layer;
4. `source`, `snapshot`, `colour_space`, `pixels`: the layer and its pixels; `items`, `masks`,
   `reference`: its items; `annotations`: what the document keeps;
5. `client`, `channel`, `launch`, `wire`: the daemon;
6. `result_layer`, `new_layers`: the new layer, or those of the plate and its items (`layers`),
   which lie over the picture by `compositing`.

`flow` runs steps 3 to 6 without blocking the user interface. No pixel of an edit is computed here.
"""

from .version import __version__

__all__ = ["__version__"]


def _register() -> None:
    try:
        import krita  # noqa: F401, PLC0415 (absent in tests and in other tools)
    except ImportError:
        return
    from .extension import register  # noqa: PLC0415 (needs Krita)

    register()


_register()
