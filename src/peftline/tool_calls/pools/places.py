"""Names of cities, rooms, restaurants and other places."""

from . import pool

CITY = pool(
    train="""
    Paris; Oslo; Buenos Aires; Kraków; Nairobi; San Diego; Lyon; Manchester; Kyoto; Cape Town;
    Tallinn; Porto; Hamburg; New Orleans; Melbourne; Seville; Hanoi; Toronto; Rotterdam; Dublin;
    Salt Lake City; Ghent; Milan; Vilnius; Bristol; Accra; Santiago; Leeds; Zurich; Mumbai; Bergen;
    Kansas City; Naples; Aarhus; Tunis; Osaka; Quito; Graz; Lille; Cardiff
    """,
    validation="""
    Antwerp; Bologna; Cork; Dakar; El Paso; Freiburg; Gdańsk; Helsinki; Izmir; Jakarta; Lima
    """,
    test="""
    Athens; Basel; Chicago; Denver; Edinburgh; Florence; Granada; Houston; Innsbruck; Kuala Lumpur;
    Liverpool; Montreal; Nice; Palermo; Riga; San Antonio; Tokyo; Utrecht; Valencia; Warsaw;
    Rio de Janeiro; Perth; Brno; Mexico City
    """,
)

PLACE = pool(
    train="""
    Harbour Museum; Victoria Park; Elm Street Library; Northgate Mall; City Hall; Old Town Square;
    Riverside Arena; Airport Road; Westfield Hospital; Lighthouse Point; Market Street 14
    """,
    test="""
    Central Station; Grand Theatre; Pier 7; Lakeview Stadium; Botanic Garden; Queen's Hospital;
    Terminal 2; Union Square; Millennium Bridge; Kingsway Hotel; Science Centre; Opera House;
    Castle Hill; 22 Maple Road; Southbank Gallery; Fort Avenue; Hillside Clinic
    """,
)

RESTAURANT = pool(
    train="""
    Copper Kettle; Luigi's; Bamboo Garden; Smoke and Salt; Casa Verde; Golden Wok; Blue Plate;
    Taste of Punjab; Noodle Bar; Chez Margot; Burger Yard; Olive Branch; Saffron House; Fish Dock;
    Little Lisbon; Pita Palace; Red Lantern; Mama Rosa
    """,
    test="""
    Silver Spoon; Trattoria Nove; Jade Terrace; Hen and Hound; Bistro Lune; Sakura; Corner Grill;
    Palm Court; Tandoori Nights; Granny's Table; Harvest Moon; El Camino; The Walrus; Villa Toscana;
    Fig Tree; Anchor Inn; Lemon Street Kitchen; Ocean Basket
    """,
)

ROOM = pool(
    train="""
    kitchen; living room; bedroom; hallway; bathroom; attic; cellar; home office; playroom; pantry;
    garage; laundry room; porch; upstairs corridor
    """,
    test="""
    dining room; study; guest room; nursery; conservatory; utility room; den; music room; sunroom;
    master bedroom; workshop; library; basement; sewing room
    """,
)

DOOR = pool(
    train="""
    front door; back door; patio door; shed; side entrance; garden gate; main gate; balcony door;
    cellar door; bike store
    """,
)

MEETING_ROOM = pool(
    test="""
    Mercury; Boardroom B; Room 305; Aspen; Studio Three; Kepler; Atrium; Cedar; Birch;
    Room 12A; Curie; Lighthouse; Training Room; Galileo
    """,
)

RESORT = pool(
    validation="""
    Eagle Ridge; Mont Clair; White Hollow; Piz Aurora; Bear Summit; Sankt Alban; Frost Valley;
    Tamarack; Val Serena; Copper Peak
    """,
)

GARAGE = pool(
    train="""
    Miller Motors; Quick Fit; Hansen Auto; Station Garage; Autohaus Berg; Riverside Repairs; Torque;
    Green Lane Garage; Pit Stop; Wheelhouse
    """,
)

ZONE = pool(
    train="""
    roses; vegetable beds; front lawn; herb garden; greenhouse; tomato plants; hedge; balcony pots;
    orchard; flower borders; strawberry patch; back lawn
    """,
)

FOLDER = pool(
    test="""
    Documents; Tax 2025; Holiday Photos; Thesis; Recipes; Client Files; Music Projects; Scans;
    Desktop; Invoices; Family Videos; Source Code
    """,
)

DRIVE = pool(
    test="""
    cloud storage; external disk; home server; office server; blue hard drive; memory card;
    backup drive; tape archive
    """,
)
