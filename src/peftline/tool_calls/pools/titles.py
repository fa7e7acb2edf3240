"""Titles of songs, films, books, events, projects; all invented."""

from . import pool

SONG = pool(
    train="""
    Paper Boats; Midnight on Elm; Golden Hour Train; Stay for the Rain; Lanterns; Blue Bicycle;
    Waiting for Marta; Seven Bridges; Slow Motion Summer; Winter Postcard; Half a Heart; Satellite;
    Down by the Mill; Neon Garden; Last Bus Home; Sugar Mountain; Ten Thousand Steps; Undertow;
    Call Me Tomorrow; Feather; Old Photographs; Carousel; Dancing on the Stairs; Northern Light
    """,
    test="""
    Broken Compass; Honey Thunder; The Longest Mile; Velvet Morning; Glass Mountain; Runaway Kite;
    Letters to June; Afterglow; Quiet Riot Street; Sleepless in May; Tangerine; Maps of You;
    Under the Viaduct; Silver Linings Club; Kite String; Hurricane Lane; Goodnight Harbour; Ember
    """,
)

PLAYLIST = pool(
    train="""
    Morning Run; Road Trip; Rainy Sunday; Deep Focus; Kitchen Disco; Sleepy Time; Party Starters;
    Study Beats; Long Drive; Summer Nights; Workout Mix; Calm Evening
    """,
)

EVENT = pool(
    train="""
    Team Lunch; Budget Review; Piano Lesson; Parents Evening; Project Kick-off; Dinner with Clara;
    Yoga Class; Sales Call; Book Club Meeting; House Viewing; Staff Training; Birthday Party; Retro;
    Car Inspection; Job Interview; Garden Day; Design Workshop; School Play; Weekly Sync; Choir
    Practice; Product Demo; Coffee with Sam; Town Meeting; Swimming Lesson; Board Dinner
    """,
    validation="""
    Haircut; Quarterly Report; Wedding Rehearsal; Football Practice; Client Visit; Fire Drill;
    Dentist Check-up; Guitar Lesson; Launch Party; Career Talk; Picnic; Brunch with Ola
    """,
)

FILM = pool(
    train="""
    The Last Lighthouse; Maple Street; Two Suns; Orbit of Glass; A Quiet Theft; Iron Meadow;
    The Clockmaker's Son; Night Ferry; Ghosts of Almeria; Paper Crown; Sixty Miles North; Riverbend;
    Dog Days Forever; The Violet Hour
    """,
)

BOOK = pool(
    train="""
    The Salt Road; Winter Orchard; A Map of Small Things; Beneath the Ice; The Beekeeper's Year;
    Letters from Tromsø; The Ninth Door; Silent Rivers; Cooking by Moonlight; Children of the Dunes;
    The Glass Piano; An Island Apart; Harvest of Stars; The Watchman; How Bridges Stand
    """,
    validation="""
    The Amber Gate; Night Trains; A House of Wind; The Cartographer; Lost in Lapland; Ten Bells;
    The Sparrow Code; Wild Honey; Tides of Kerala
    """,
)

AUTHOR = pool(
    train="""
    Marta Holloway; Idris Penn; Yuki Sato; Caroline Ashby; Tobias Grün; Leila Haddad; Owen Pryce;
    Sunniva Dahl; Ernest Vale; Paloma Reyes
    """,
)

GENRE = pool(
    validation="""
    crime; science fiction; romance; travel writing; horror; historical fiction; fantasy; biography;
    satire; nature writing
    """,
)

PROJECT = pool(
    train="""
    Atlas; Blue Door; Website Redesign; Hydra; Office Move; Pilot Study; Northern Lights; Migration;
    Customer Survey; Sunflower; Annual Report; Phoenix
    """,
)
