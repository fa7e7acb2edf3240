"""Things that people eat, buy, use, learn or measure; all read well without an article."""

from . import pool

GROCERY = pool(
    train="""
    milk; eggs; bread; brown rice; olive oil; bananas; oat biscuits; butter; tomatoes; green tea;
    frozen peas; yoghurt; potatoes; dish soap; apples; cheddar; spaghetti; red onions; orange juice;
    chickpeas; honey; baking powder; salmon; cucumbers; kitchen roll; coffee beans; garlic; lemons;
    peanut butter; spinach; bin bags; carrots; sparkling water; basil; flour
    """,
)

DISH = pool(
    train="""
    lasagne; pumpkin soup; chicken curry; banana bread; mushroom risotto; fish tacos; lentil stew;
    apple crumble; beef goulash; spring rolls; shepherd's pie; pad thai; onion tart; carrot cake;
    falafel; vegetable paella; potato salad; ramen; stuffed peppers; garlic bread; pancakes;
    cheese omelette; tomato soup; lemon chicken; rice pudding; plum dumplings; bean chilli;
    spinach quiche; corn fritters; meatballs; cinnamon buns
    """,
)

PRODUCT = pool(
    train="""
    running shoes; wool blankets; desk lamps; wireless headphones; rain jackets; coffee mugs;
    yoga mats; phone chargers; garden chairs; bath towels; board games; kitchen scales; notebooks;
    bicycle helmets; water bottles; picture frames; paint brushes; cotton shirts; travel pillows;
    storage boxes; table candles; hiking socks; wall clocks; batteries; curtain rods; lunch boxes;
    leather wallets; sun hats; storage baskets; door mats; printer cartridges
    """,
    test="""
    trail boots; silk scarves; floor cushions; noise-cancelling earbuds; camping stoves;
    espresso cups; standing desks; tennis rackets; bird feeders; roller skates; ski goggles;
    fountain pens; winter tyres; mechanical keyboards; bunk beds; swim fins; bread makers; tents;
    robot vacuums; denim jackets; folding bikes; air fryers
    """,
)

SHOP = pool(
    train="Homely; Marlow & Sons; Cheapo; Urban Barn; Nordic Nest; Gadgetry; Greenleaf; Trove",
)

CATEGORY = pool(
    train="""
    groceries; rent; petrol; clothes; school supplies; parking; haircuts; snacks; train fares;
    electricity; dentist bills; toys; flowers; cinema
    """,
    test="""
    eating out; holidays; gifts; hobbies; pet care; coffee; childcare; home repairs; streaming;
    gardening; taxis; music lessons; charity; furniture
    """,
)

MEDICINE = pool(
    test="""
    ibuprofen; vitamin D; cough syrup; Zyrafen; iron tablets; eye drops; Calmoril; amoxicillin;
    nasal spray; zinc; Panotrex; folic acid; antacid; fish oil
    """,
)

ACTIVITY = pool(
    train="""
    swimming; rowing; yoga; hill running; cycling; weight training; boxing; dancing; pilates;
    stair climbing; skipping; brisk walking; badminton; indoor climbing; tai chi
    """,
)

DEVICE = pool(
    train="""
    kitchen speaker; red headset; car stereo; old tablet; bathroom radio; smart watch; soundbar;
    wireless mouse; office printer; games controller; hearing aids; living room TV
    """,
)

APP = pool(
    test="""
    Mapwise; Sketch Pad; Pocket Ledger; Stargazer; Chess Mentor; Fit Track; News Reel; Birdsong;
    Photo Fixer; Daily Crossword; Transit Live; Plant Doctor; Budget Bee; Mind Garden; Scan Pro
    """,
)

LANGUAGE = pool(
    train="""
    Spanish; French; Japanese; Polish; Swahili; Dutch; Turkish; Hindi; Greek; Korean; Danish;
    Portuguese; Arabic; Czech; Welsh; Italian
    """,
)

SUBJECT = pool(
    train="""
    algebra; world history; photosynthesis; music theory; French verbs; tectonic plates; chemistry;
    ancient Rome; fractions; blood vessels; volcanoes; Python programming; map reading; poetry;
    electric circuits; road signs; European capitals; cell biology; statistics; opera
    """,
    test="""
    geometry; organic chemistry; Spanish vocabulary; art history; machine learning; Greek myths;
    economics; trigonometry; human anatomy; German grammar; planetary orbits; microbiology;
    guitar chords; constitutional law; bird species; medieval Europe; accounting; calculus
    """,
)

CURRENCY = pool(train="USD; EUR; GBP; JPY; CHF; SEK; NOK; PLN; CAD; AUD; INR; ZAR; BRL; MXN; TRY")
