"""A made-up country of car owners whose truth is known: what the customer master is measured on.

    knobs     how often each thing happens: NORMAL, HARD, ADVERSARIAL
    words     characters, names of trades and streets
    sounds    characters that people mix up: by sound, by shape, by an accent
    numbers   resident ids, credit codes, telephones, plates, VINs, WeChat names
    truth     parties, households, cars, and what was true of them when
    people    households are founded, grow, move, change numbers and cars
    firms     companies, branches, taxi fleets, sole traders
    habits    how a dealer's staff types
    slips     one text with one mistake
    typist    a party on a day, as a dealer typed it
    world     everything together: `make_population(records, seed, knobs)`

Nothing here knows how the master normalises or compares: its tables are made from what people do at keyboards, on paper
and at the counter. Nobody in it exists.
"""
