"""Names of people, groups, artists, pets, companies."""

from . import pool

PERSON = pool(
    train="""
    Anna; Bo; Carla; Dr Okafor; Erik Lindqvist; Fatima; George; Hannah Weiss; Ines; Jamal Carter;
    Kenji; Lucy; Marco Bellini; Nadia; Oscar; Priya Raman; Quentin; Rosa Delgado; Samir; Tessa;
    Uncle Leo; Vera; Will Hargreaves; Aunt Maud; Yusuf; Zoe; Mrs Dunmore; Henrik; Clara Oyelaran;
    Mr Patel; Bridget; Tomasz Nowak; Lin Wei; Aoife; Grandpa Joe; Mateo; Sofia Andersson; Ruth;
    Dmitri; Ella May Foster; Noor; Callum
    """,
    validation="""
    Abel; Beatrix Holm; Cyrus; Dolores; Emeka Udo; Freya; Gustav; Mrs Lindgren; Ivan; Jolene Park
    """,
    test="""
    Adrian; Mei Tanaka; Bashir; Celeste Moreau; Dr Whitlock; Eleni; Farouk; Greta; Hugo Marsh;
    Imani; Jasper; Keira Doyle; Ludmila; Miles; Aunt Patsy; Nikhil Bose; Odette; Pavel;
    Mr Stanhope; Rafael; Simone; Tariq; Ursula Beck; Wendy; Xavier; Yolanda Cruz
    """,
)

GROUP = pool(
    train="""
    Book Club; Family; Sunday Runners; Flat 12; Old School Friends; Choir; Chess Evenings;
    Neighbours; Ski Trip; The Night Owls; Design Team; Parents of Class 4
    """,
    test="""
    Beach Volleyball; Cousins; Friday Quiz; Garden Helpers; Hiking Buddies; Lab Mates; Quilters;
    Surprise Party; The Early Birds; Wedding Crew; Cinema Gang; Board Members; Film Fans
    """,
)

ARTIST = pool(
    train="""
    The Paper Lanterns; Mira Kestrel; Northbound; Olive Avenue; Jonah Frost; Velvet Harbour;
    The Slow Clocks; Ada Winter; Copper Sky; Hollow Pines; Sister Meridian; Dusty Atlas; Lowtide;
    Nora and the Foxes; Kites at Dawn; Bright Cellar; Wren; The Tin Orchard; Silver Commons; Okapi
    """,
    test="""
    Amber Causeway; The Quiet Engines; Lena Strand; Foxglove Radio; Marble Youth; Echo Parade;
    Theo Lark; Seven Umbrellas; Juniper Falls; The Salt Choir; Glasswing; Ruby Tran; Monsoon Hotel;
    Paper Moons; Ivo Castell; Sundial
    """,
)

PET = pool(
    train="Biscuit; Luna; Mr Whiskers; Pepper; Shadow; Tofu; Nugget; Old Bess; Ziggy; Coco; Fern",
    validation="Pickle; Duchess; Rufus; Lady Jane; Sprout; Captain; Mochi; Tango; Hazelnut",
)

PET_FOOD = pool(
    validation="""
    Happy Tails; Meadow Paws; Golden Bowl; Fisher's Best; Woof and Co; Purrfect; Field Mix; Kibblo
    """,
)

COMPANY = pool(
    train="""
    Brightwater; Nordline Shipping; Acorn Foods; Tellus Energy; Halden Motors; Pixelworks; Ravel;
    Juno Airlines; Mosaic Bank; Stonebridge; Orbit Labs; Finch Textiles; Ostrava Steel; Blue Kite;
    Granite Insurance; Lumen Health
    """,
)

TEAM = pool(
    train="""
    Harbour United; Riverside Rovers; Eastgate; Mountain Lions; Northfield Hornets; Delmar;
    Lakeside Wolves; Old Mill Athletic; Iron Bears; Valley Comets; Redstone; Castle Rangers
    """,
)

PET_SPECIES = pool(
    train="dog; cat; rabbit; guinea pig; budgie; tortoise; hamster; corn snake; goldfish; parrot",
)
