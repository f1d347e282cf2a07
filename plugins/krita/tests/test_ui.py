"""The panel with a fake controller: clicks, drags, keys and values."""

from __future__ import annotations

import unittest
from dataclasses import replace

from dedit_krita.actions import BY_NAME, check_values, parameters_of
from dedit_krita.failure import Failure
from dedit_krita.parameters import SHARED
from dedit_krita.qt import QtCore
from dedit_krita.ui.frame import Drag, Frame, Movement
from dedit_krita.view_state import Entry, Item, Job, Plan, SmallImage, Status

from .panel_test import (
    EDITS,
    LEFT,
    NAMES,
    NO_KEYS,
    PanelTest,
    QtTest,
    png_of,
    room,
    tests_of,
)


class Pictures(PanelTest):
    """The picture and the items."""

    def test_a_click_chooses_the_row(self) -> None:
        """A click on an item selects it."""
        QtTest.QTest.mouseClick(self.panel.picture, LEFT, NO_KEYS, self.spot(46 * 8, 86 * 8))
        self.assertEqual(self.find("dedit_items").currentItem().text(0), "mug")
        self.assertEqual(self.panel.values()["item"], "mug")
        self.find("dedit_items").setCurrentItem(self.find("dedit_items").topLevelItem(0))
        self.assertEqual(self.panel.values()["item"], "")

    def test_clicks_and_boxes_say_where_an_item_is(self) -> None:
        """A click where no item is and one with the right button give their pixels; so do boxes."""
        view = self.panel.picture
        right = QtCore.Qt.MouseButton.RightButton
        wall, mug = self.spot(20 * 8, 10 * 8), self.spot(46 * 8, 86 * 8)
        QtTest.QTest.mouseClick(view, LEFT, NO_KEYS, wall)
        QtTest.QTest.mouseClick(view, right, NO_KEYS, mug)
        self.drag(self.spot(60 * 8, 80 * 8), self.spot(20 * 8, 10 * 8))
        asked = [call for call in self.controller.asked if call[0] in ("click", "box")]
        self.assertEqual([call[0] for call in asked], ["click", "click", "box"])
        for (x, y), (expected_x, expected_y) in zip(
            (asked[0][1], asked[1][1], asked[2][1][:2], asked[2][1][2:]),
            ((160, 80), (368, 688), (160, 80), (320, 560)),
        ):
            # As exactly as a pixel of the screen.
            self.assertLess(max(abs(x - expected_x), abs(y - expected_y)), 12)
        self.assertEqual([call[2] for call in asked[:2]], [True, False])

    def test_rows(self) -> None:
        """A row has a name and a share; it can be renamed and removed."""
        rows = self.find("dedit_items")
        self.assertEqual(rows.topLevelItem(0).text(0), "What is selected")
        self.assertEqual(
            (rows.topLevelItem(3).text(0), rows.topLevelItem(3).text(1)[-1]), ("lamp", "%")
        )
        self.panel.items.choose("lamp")
        rows.topLevelItem(3).setText(0, "light")
        self.assertEqual(self.controller.asked, [("rename_item", "lamp", "light")])
        things = self.controller.picture.items
        things = (*things[:2], replace(things[2], name="light"), things[3])
        self.controller.show(picture=room(items=things))
        self.assertEqual(self.panel.values()["item"], "light")
        self.click("dedit_item_drop")
        self.click("dedit_keep_masks")
        self.click("dedit_learn")
        self.find("dedit_learn_again").trigger()
        self.find("dedit_from_layer_masks").trigger()
        self.assertEqual(
            # Learning gets the panel's values too.
            [asked[:2] for asked in self.controller.asked[1:]],
            [
                ("drop_item", "light"),
                ("keep_masks",),
                ("learn", False),
                ("learn", True),
                ("take_items", "layer-masks"),
            ],
        )
        self.assertEqual(self.find("dedit_learn").text(), "Learned")

    def test_a_drag_goes_into_the_numbers(self) -> None:
        """A drag moves the frame; the plan is requested once it rests."""
        self.panel.choose("move")
        self.panel.items.choose("mug")
        start = self.spot(46 * 8, 86 * 8)
        self.drag(start, start + QtCore.QPoint(40, -20))
        values = self.panel.values()
        ratio = 1536 / self.panel.picture.area().width()
        self.assertAlmostEqual(values["dx"], 40 * ratio, delta=1)
        self.assertAlmostEqual(values["dy"], -20 * ratio, delta=1)
        self.assertEqual((values["scale"], values["rotate"]), (1.0, 0.0))
        self.until(lambda: self.controller.asked)
        self.assertEqual(self.controller.asked, [("show_plan", "move", values)])
        self.panel.choose("replace")
        self.assertEqual(self.controller.asked[-1], ("hide_plan",))

    def test_corners_scale_and_the_handle_turns(self) -> None:
        """The other handles change scale and angle."""
        self.panel.choose("move")
        self.panel.items.choose("mug")
        view = self.panel.picture
        corner = view.corners()[2].toPoint()
        self.drag(corner, corner + QtCore.QPoint(15, 15))
        self.assertGreater(self.find("dedit_move_scale").value(), 1.1)
        handle = view.turn_handle().toPoint()
        self.drag(handle, handle + QtCore.QPoint(30, 0))
        self.assertGreater(self.find("dedit_move_rotate").value(), 5)
        self.panel.items.choose("lamp")
        self.assertTrue(view.movement.is_none)

    def test_numbers_move_the_frame(self) -> None:
        """Typed numbers move the frame."""
        self.panel.choose("move")
        self.panel.items.choose("mug")
        before = self.panel.picture.corners()
        self.find("dedit_move_dx").setValue(120)
        after = self.panel.picture.corners()
        shift = 120 * self.panel.picture.area().width() / 1536
        self.assertAlmostEqual(after[0].x() - before[0].x(), shift, places=3)
        self.assertAlmostEqual(after[0].y(), before[0].y(), places=3)

    def test_geometry(self) -> None:
        """Rotation is clockwise about the centre, and snaps; scales stay in their range."""
        frame = Frame(0, 0, 20, 20, (10, 10))
        x, y = frame.forward((20, 10), Movement(rotate=90))
        self.assertAlmostEqual(x, 10)
        self.assertAlmostEqual(y, 20)
        turn = Drag("turn", (10, 0), Movement(), frame)
        self.assertEqual(turn.to((20, 10)).rotate, 90)
        self.assertEqual(turn.to((19, 2), snaps=True).rotate % 15, 0)
        self.assertEqual(Drag("scale", (20, 20), Movement(), frame).to((10, 10)).scale, 0.01)

    def test_a_plan_is_laid_over(self) -> None:
        """The picture looks different while there is a plan."""
        before = self.panel.picture.grab().toImage()
        changes = bytes(200 if place == 1 else 0 for place in self.controller.picture.labels)
        plan = Plan(self.controller.picture.labels, changes, NAMES)
        self.controller.show(plan=plan)
        self.assertNotEqual(self.panel.picture.grab().toImage(), before)
        self.controller.show(plan=None)
        self.assertEqual(self.panel.picture.grab().toImage(), before)
        self.click("dedit_overlay")
        self.assertNotEqual(self.panel.picture.grab().toImage(), before)
        self.assertEqual(self.kept["overlay"], "no")


class Edits(PanelTest):
    """Verbs and their parameters."""

    def test_values_make_sense(self) -> None:
        """The values of each verb are those of its list, with the right types."""
        for verb in EDITS:
            with self.subTest(verb):
                self.click(f"dedit_verb_{verb.replace('-', '_')}")
                values = self.panel.values()
                own = parameters_of(BY_NAME[verb])
                self.assertEqual(list(values), [parameter.name for parameter in own])
                self.assertEqual(check_values(verb, values), values)
                self.assertEqual(self.find("dedit_go").text(), BY_NAME[verb].label)

    def test_every_value_has_a_named_widget(self) -> None:
        """Object names, by which the tests in Krita find the widgets."""
        for verb in EDITS:
            for parameter in BY_NAME[verb].own:
                if parameter.name != "item":
                    self.find(f"dedit_{verb}_{parameter.name}".replace("-", "_"))
        for parameter in SHARED:
            self.find(f"dedit_how_{parameter.name}")

    def test_return_starts(self) -> None:
        """Return in the prompt is as good as the button."""
        prompt = self.find("dedit_replace_prompt")
        QtTest.QTest.keyClicks(prompt, "a white mug")
        QtTest.QTest.keyClick(prompt, QtCore.Qt.Key.Key_Return)
        self.assertEqual(self.controller.asked, [("edit", "replace", self.panel.values())])
        self.assertEqual(self.panel.values()["prompt"], "a white mug")
        self.click("dedit_go")
        self.assertEqual(len(self.controller.asked), 2)

    def test_what_is_missing_is_said(self) -> None:
        """An edit with a missing value does not start."""
        for verb, word in (
            ("replace", "words"),
            ("move", "Drag"),
            ("swap", "other item"),
            ("swap-in", "picture"),
            ("augment", "[v]"),
            ("expand", "canvas"),
        ):
            self.panel.start(verb)
            self.assertIn(word, self.status())
        self.assertEqual(self.controller.asked, [])
        self.panel.start("remove")
        self.assertEqual(self.controller.asked[0][:2], ("edit", "remove"))
        self.find("dedit_swap_with").setEditText("lamp")
        self.find("dedit_swap_in_from_document").setCurrentIndex(1)
        self.panel.start("swap")
        self.panel.start("swap-in")
        self.assertEqual(
            [asked[1] for asked in self.controller.asked], ["remove", "swap", "swap-in"]
        )
        self.assertEqual(self.controller.asked[2][2]["from-document"], "street.png")

    def test_failures_are_said(self) -> None:
        """Failures and bugs of the controller are shown."""
        self.controller.fails = Failure("usage", "nothing is selected", None, "select a thing")
        self.panel.start("remove")
        self.assertEqual(self.status(), "nothing is selected")
        self.assertEqual(self.find("dedit_hint").text(), "select a thing")

    def test_values_are_remembered(self) -> None:
        """A new panel has the last values, except those of one picture."""
        self.find("dedit_replace_prompt").setText("a vase")
        self.find("dedit_how_seed").setValue(7)
        self.find("dedit_how_when").setCurrentIndex(1)
        self.find("dedit_move_dx").setValue(30)
        self.click("dedit_more")
        self.panel.close()
        self.kept["values-augment"] = "no json"
        self.panel = self.make()
        values = self.panel.values()
        self.assertEqual((values["prompt"], values["seed"], values["when"]), ("a vase", 7, "draft"))
        self.assertEqual(self.find("dedit_move_dx").value(), 0)
        self.assertTrue(self.find("dedit_how_steps").isVisible())


class Progress(PanelTest):
    """Jobs, history and status."""

    def test_jobs_stay_where_they_are(self) -> None:
        """A job's row stays the same widget, so that it can be clicked."""
        self.controller.show(jobs=(Job(3, "Replace mug"), Job(4, "Move lamp")))
        cancel = self.find("dedit_cancel_3")
        for step in range(20):
            job = Job(3, "Replace mug", "learning", step / 20, 20 - step, False)
            self.controller.show(jobs=(job, Job(4, "Move lamp")))
        self.assertIs(self.find("dedit_cancel_3"), cancel)
        row = self.panel.jobs.rows[3]
        self.assertEqual((row.stage.whole(), row.bar.value()), ("learning, 1 s left", 950))
        self.controller.show(jobs=(replace(job, share=None),))
        self.assertEqual((row.bar.maximum(), list(self.panel.jobs.rows)), (0, [3]))
        self.click("dedit_cancel_3")
        self.assertEqual(self.controller.asked, [("cancel", 3)])
        self.controller.show(jobs=())
        self.assertFalse(self.find("dedit_jobs").isVisible())

    def test_history(self) -> None:
        """A result is applied, discarded and redone."""
        png = png_of(self.controller.picture.small, "#00ff00")
        entries = tuple(
            Entry(
                ("room", n), f"Replace {n}", n, png, n == 2, "The layer is gone" if n == 1 else ""
            )
            for n in (2, 1)
        )
        self.controller.show(history=entries)
        self.assertEqual(self.find("dedit_history").currentRow(), 0)
        self.assertFalse(self.find("dedit_apply").isEnabled())
        self.find("dedit_history").setCurrentRow(1)
        self.assertIn("The layer is gone", self.find("dedit_remark").text())
        self.controller.show(history=(Entry(("room", 3), "Remove", 3), *entries))
        for name in ("dedit_apply", "dedit_discard", "dedit_redo", "dedit_redo_seed"):
            self.click(name)
        dialog = self.find("dedit_seed_dialog")
        dialog.setIntValue(99)
        dialog.accept()
        key = ("room", 1)
        self.assertEqual(
            self.controller.asked,
            [("apply", key), ("discard", key), ("redo", key, None), ("redo", key, 99)],
        )

    def test_status(self) -> None:
        """The button after a failure."""
        self.assertFalse(self.find("dedit_retry").isVisible())
        self.controller.show(status=Status("No daemon", "Run `dedit serve`", "wrong", "retry"))
        self.assertEqual(self.status(), "No daemon")
        self.click("dedit_retry")
        self.controller.show(status=Status("It has no words", "Name a model", "wrong", "model"))
        self.assertFalse(self.find("dedit_retry").isVisible())
        self.click("dedit_choose_model")
        self.assertTrue(self.find("dedit_how_model").isVisible())
        self.controller.show(status=Status("Nothing is selected", "", "wrong"))
        self.assertFalse(self.find("dedit_choose_model").isVisible())
        self.assertEqual(self.controller.asked, [("reconnect",)])
        self.assertEqual(self.find("dedit_model").whole(), "toys on cpu")

    def test_nothing_and_much(self) -> None:
        """No picture, an invalid one, hundreds of items and results."""
        self.controller.show(picture=None)
        self.panel.grab()
        self.assertEqual(self.find("dedit_items").topLevelItemCount(), 1)
        QtTest.QTest.mouseClick(self.panel.picture, LEFT, NO_KEYS, QtCore.QPoint(5, 5))
        for verb in EDITS:
            self.panel.start(verb)
        many = tuple(Item(f"item {n} " + "long " * 20, (n % 256, 90, 0), 0.003) for n in range(300))
        labels = bytes(range(192)) * 144
        self.controller.show(picture=room(items=many, labels=labels))
        self.panel.items.choose(many[100].name)
        self.panel.choose("move")
        self.panel.items.choose(many[299].name)
        self.panel.grab()
        self.controller.show(picture=room(items=many, labels=b"", small=SmallImage(9, 9, b"")))
        self.panel.grab()
        png = png_of(room().small, "red")
        self.controller.show(history=tuple(Entry(("s", n), "t", n, png) for n in range(200)))
        self.assertEqual(self.find("dedit_history").count(), 200)
        self.controller.show(history=())
        self.assertLessEqual(self.panel.minimumSizeHint().width(), 300)


def load_tests(*_: object) -> unittest.TestSuite:
    """Return the tests of this module."""
    return tests_of(__name__, Pictures, Edits, Progress)
