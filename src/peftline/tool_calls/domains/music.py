"""Songs, playlists, volume, ratings, artists."""

from ..pools.people import ARTIST
from ..pools.places import ROOM
from ..pools.titles import PLAYLIST, SONG
from ..tools import Tool, optional, required
from ..values import Listing, Percent, Text, Whole, flag

TOOLS = (
    Tool(
        "play_song",
        "Play a track",
        (
            required("title", Text(SONG)),
            optional("artist", Text(ARTIST)),
            optional("repeat", flag("on repeat; in a loop", "without repeating it")),
        ),
        (
            "play {title}[ by {artist}]",
            "put on the song {title}[ by {artist}][, {repeat}]",
            "let me hear {title}[ by {artist}]",
            "start the track {title}[ by {artist}][ {repeat}]",
            "play me the song called {title}[ {repeat}]",
        ),
    ),
    Tool(
        "create_playlist",
        "Make a list of songs",
        (required("name", Text(PLAYLIST)), optional("songs", Listing(SONG, 2, 3))),
        (
            "create a playlist called {name}[ with {songs}]",
            "make a new playlist named {name}[ containing {songs}]",
            "start a playlist with the name {name}[ and put {songs} in it]",
            "set up a playlist, {name}[, with the songs {songs}]",
            "build me a playlist titled {name}[ from {songs}]",
        ),
    ),
    Tool(
        "set_volume",
        "Make speakers louder or quieter",
        (required("percent", Percent()), optional("room", Text(ROOM))),
        (
            "set the volume to {percent}[ in the {room}]",
            "turn the sound[ in the {room}] to {percent}",
            "change the loudness to {percent}[ in the {room}]",
            "put the speakers[ in the {room}] at {percent} volume",
            "have the music[ in the {room}] at {percent} volume",
        ),
    ),
    Tool(
        "rate_song",
        "Give stars to a track",
        (required("title", Text(SONG)), required("stars", Whole(2, 5))),
        (
            "give the song {title} {stars} stars",
            "rate {title} with {stars} stars",
            "mark {title} as a track worth {stars} stars",
            "score the track {title}: {stars} stars",
            "put down {stars} stars for the song {title}",
        ),
        "test",
    ),
    Tool(
        "follow_artist",
        "Get news about a musician",
        (
            required("artist", Text(ARTIST)),
            optional("notify", flag("with notifications; with alerts on", "without notifications")),
        ),
        (
            "follow {artist}[ {notify}]",
            "keep me up to date about {artist}[, {notify}]",
            "subscribe me to everything that {artist} puts out[, {notify}]",
            "add {artist} to the artists that I follow[, {notify}]",
            "start following the music of {artist}[ {notify}]",
        ),
        "test",
    ),
)
