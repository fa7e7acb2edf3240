"""Longer free text: messages, labels, reasons, faults."""

from . import pool

MESSAGE = pool(
    train="""
    I'll be ten minutes late; Happy birthday!; dinner is at my place; can you bring the tent?;
    the parcel has arrived; see you at the gate; thanks for your help; I left the keys with Nora;
    please call me back; the meeting has moved to the big room; good luck with the exam; well done;
    we are out of milk; the train is delayed; don't forget your passport; I found your scarf;
    are you free for lunch?; the plumber is here; save me a seat; the answer is yes; on my way;
    the kids are asleep; your table is ready; let's try again tomorrow; I have fixed the bike
    """,
)

SUBJECT_LINE = pool(
    train="""
    Minutes of the meeting; Invoice for May; Summer rota; New address; Question about the lease;
    Photos from the trip; Change of plan; Draft agenda; Lost umbrella; Welcome aboard; Shift swap
    """,
)

SENTENCE = pool(
    train="""
    where is the station?; thank you very much; I would like some soup; my name is Vera; good night;
    how much does it cost?; the weather is lovely; I am learning slowly; two coffees please;
    see you on Monday; I have lost my bag; is this seat free?; the museum is closed; see you soon
    """,
)

WORD = pool(
    train="""
    gregarious; quorum; lull; ephemeral; brisk; meander; plinth; candid; tacit; hearth; obtuse;
    frugal; sonorous; thicket; wane; zenith; nimble; austere
    """,
)

LABEL = pool(
    train="""
    take out the bread; school run; gym; medication; pasta; laundry; call the bank; stretch; tea;
    wake the kids; check the oven; water break
    """,
)

FILE = pool(
    train="""
    notes.txt; report_final.pdf; budget-2026.xlsx; holiday.jpg; draft2.docx; slides.pptx; todo.md;
    invoice_0417.pdf; poster.png; minutes-march.docx; data.csv; cv_new.pdf; scan_3.png; plan_b.txt
    """,
)

TICKET_TITLE = pool(
    train="""
    Login page is slow; Broken link in footer; Printer jams; Add dark mode; Wrong tax on invoices;
    Search finds nothing; Emails sent twice; Update the logo; App crashes on start; Reset button
    missing
    """,
)

RETURN_REASON = pool(
    test="""
    wrong size; broken zip; too heavy; wrong colour; missing parts; came too late; poor quality;
    ordered twice; does not fit; changed my mind; scratched surface
    """,
)

LEAVE_REASON = pool(
    test="""
    family visit; moving house; wedding; knee surgery; summer holiday; jury duty; exams;
    funeral; parental leave; pilgrimage
    """,
)

VET_REASON = pool(
    validation="""
    limping; vaccination; check-up; bad teeth; ear infection; itchy skin; weight loss; stiff legs
    """,
)

SUBJECT_OF_TALK = pool(
    train="""
    volcanoes; old trains; the moon; penguins; black holes; chess; the Roman Empire; glaciers;
    honey bees; democracy; medieval castles; the deep sea; comets; jazz; steam engines;
    friendship; thunderstorms; dinosaurs; the alphabet; lighthouses; rivers; gravity
    """,
    validation="coral reefs; windmills; the Vikings; sand dunes; clocks; happiness; owls; maps",
    test="""
    pirates; the northern lights; whales; ancient Egypt; rainbows; spiders; time travel; salt;
    mountains; the printing press; silence; elephants; magnets; submarines
    """,
)
