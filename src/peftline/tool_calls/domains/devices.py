"""Alarms, timers, files, connections, apps, backups."""

from ..moments import CLOCK, MINUTES
from ..pools.places import DRIVE, FOLDER
from ..pools.texts import FILE, LABEL
from ..pools.things import APP, DEVICE
from ..tools import Tool, optional, required
from ..values import Text, flag

TOOLS = (
    Tool(
        "set_alarm",
        "Ring at a time of day",
        (required("at", CLOCK), optional("label", Text(LABEL))),
        (
            'set an alarm for {at}[ labelled "{label}"]',
            "wake me at {at}",
            'make the alarm go off at {at}[ with the label "{label}"]',
            "get me out of bed at {at}",
            'ring me at {at}[ with the label "{label}"]',
        ),
    ),
    Tool(
        "start_timer",
        "Count down minutes",
        (required("minutes", MINUTES), optional("label", Text(LABEL))),
        (
            'start a timer for {minutes}[ labelled "{label}"]',
            'count down {minutes}[, labelled "{label}"]',
            'time {minutes} for me[, label "{label}"]',
            'set a timer to {minutes}[ and call it "{label}"]',
            'give me a countdown of {minutes}[ named "{label}"]',
        ),
    ),
    Tool(
        "rename_file",
        "Give a file a new name",
        (required("old_name", Text(FILE)), required("new_name", Text(FILE))),
        (
            "rename {old_name} to {new_name}",
            "change the name of {old_name} to {new_name}",
            "call the file {old_name} {new_name} from now on",
            "give {old_name} the new name {new_name}",
            "let {old_name} be known as {new_name}",
        ),
    ),
    Tool(
        "connect_bluetooth",
        "Pair with a device",
        (required("device", Text(DEVICE)),),
        (
            "connect to the {device}",
            "pair my phone with the {device}",
            "link up with the {device} over Bluetooth",
            "use Bluetooth to connect the {device}",
            "hook my phone up to the {device}",
        ),
    ),
    Tool(
        "install_app",
        "Put software on the phone",
        (
            required("app", Text(APP)),
            optional("auto_update", flag("with automatic updates", "without automatic updates")),
        ),
        (
            "install {app}[ {auto_update}]",
            "download {app}[ {auto_update}] onto my phone",
            "get the app {app}[ {auto_update}]",
            "put {app} on this phone[ {auto_update}]",
            "set me up with the {app} app[ {auto_update}]",
        ),
        "test",
    ),
    Tool(
        "back_up_folder",
        "Copy files to a safe place",
        (
            required("folder", Text(FOLDER)),
            required("target", Text(DRIVE)),
            optional("encrypt", flag("with encryption; encrypted", "without encryption")),
        ),
        (
            "back up the folder {folder} to the {target}[, {encrypt}]",
            "copy everything in {folder} to the {target}[, {encrypt}]",
            "save {folder} on the {target}[, {encrypt}]",
            "keep a spare copy of {folder} on the {target}[, {encrypt}]",
            "make a backup of {folder} on the {target}[, {encrypt}]",
        ),
        "test",
    ),
)
