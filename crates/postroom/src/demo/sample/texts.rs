//! What the samples say.

/// A subject and a text.
type Text = (&'static str, &'static str);

/// What a letterpress sends every week, the latest first.
#[rustfmt::skip]
pub(super) const NEWSLETTERS: &[Text] = &[
    ("Why we still write letters", "Good morning,\n\na letter takes its time, and so does its reader. This week we look at how three families kept writing to each other across two oceans and forty years.\n\nFrom the workshop: new ink has arrived. It is darker than the last one and dries in a minute.\n"),
    ("The paper that outlives us", "Dear reader,\n\ncotton paper from 1790 still folds without breaking, while paper from 1960 crumbles at a touch. We asked a restorer why.\n\nOn Saturday the press is open from ten to four. Bring something to print.\n"),
    ("Stamps, perforated and otherwise", "Hello,\n\nbefore 1850 stamps were cut from the sheet with scissors. The postmasters complained, and a machine was built in Dublin.\n\nNext week: how to fold an envelope from one sheet.\n"),
    ("One sheet, four folds", "Hello,\n\nas promised: an envelope from a single sheet, no glue. The drawing is on our page, and the template fits A4 and Letter.\n\nThank you for the many answers about ink.\n"),
    ("A post office on an island", "Good morning,\n\ntwelve people live there, and the boat comes on Thursdays. We went with it, and stayed a week longer than planned.\n\nThe photographs hang in the workshop until the end of the month.\n"),
    ("Handwriting, examined", "Dear reader,\n\nyour capital R tells more about your school than about you, says this week's guest, who has read eleven thousand letters for a living.\n\nHer book comes out in spring.\n"),
    ("Sealing wax", "Hello,\n\ntoo hot and it runs, too cold and it cracks. Sixty-five degrees is about right, and the seal has to be cold.\n\nThe workshop is closed next week.\n"),
    ("What the censors left", "Good morning,\n\nfrom a box of field post: the names of towns are cut out, neatly, with a razor. The weather always stays in.\n\nWe read some of them aloud on Friday.\n"),
];

/// What a machine sends, the latest first.
#[rustfmt::skip]
pub(super) const NOTICES: &[Text] = &[
    ("[builds] #400 passed", "Build #400 of main passed in 7 minutes.\n\n  tests   812\n  passed  812\n  failed  0\n"),
    ("[builds] #399 passed", "Build #399 of main passed in 8 minutes.\n\n  tests   809\n  passed  809\n  failed  0\n"),
    ("[builds] #398 FAILED", "Build #398 of main failed after 5 minutes.\n\n  tests   806\n  passed  805\n  failed  1\n\nfirst failure: sorting::letters_go_to_their_boxes\n"),
    ("[builds] #397 passed", "Build #397 of main passed in 7 minutes.\n\n  tests   803\n  passed  803\n  failed  0\n"),
    ("[builds] #396 passed", "Build #396 of main passed in 8 minutes.\n\n  tests   800\n  passed  800\n  failed  0\n"),
    ("[builds] #395 passed", "Build #395 of main passed in 9 minutes.\n\n  tests   797\n  passed  797\n  failed  0\n"),
    ("[builds] #394 FAILED", "Build #394 of main failed after 5 minutes.\n\n  tests   794\n  passed  793\n  failed  1\n\nfirst failure: sorting::letters_go_to_their_boxes\n"),
    ("[builds] #393 passed", "Build #393 of main passed in 8 minutes.\n\n  tests   791\n  passed  791\n  failed  0\n"),
    ("[builds] #392 passed", "Build #392 of main passed in 9 minutes.\n\n  tests   788\n  passed  788\n  failed  0\n"),
    ("[builds] #391 passed", "Build #391 of main passed in 7 minutes.\n\n  tests   785\n  passed  785\n  failed  0\n"),
    ("[builds] #390 passed", "Build #390 of main passed in 8 minutes.\n\n  tests   782\n  passed  782\n  failed  0\n"),
    ("[builds] #389 passed", "Build #389 of main passed in 9 minutes.\n\n  tests   779\n  passed  779\n  failed  0\n"),
    ("[builds] #388 passed", "Build #388 of main passed in 7 minutes.\n\n  tests   776\n  passed  776\n  failed  0\n"),
    ("[builds] #387 FAILED", "Build #387 of main failed after 4 minutes.\n\n  tests   773\n  passed  772\n  failed  1\n\nfirst failure: sorting::letters_go_to_their_boxes\n"),
];

/// Conversations: a subject, and who wrote what (0 is Ada).
#[rustfmt::skip]
pub(super) const THREADS: &[(&str, &[(usize, &str)])] = &[
    ("New shelves for the sorting room", &[
        (1, "Hi all,\n\nthe shelves are full again. I have an offer for three more, 180 cm high. Any objections?\n\nBen"),
        (2, "None, as long as the door still opens this time.\n\nClara"),
        (0, "It opens. I measured twice.\n\nAda"),
        (3, "Then let us take four; the fourth is half price.\n\nFrida"),
    ]),
    ("Who has the key to box 7?", &[
        (3, "It is not on the board. Does anybody know?\n\nFrida"),
        (0, "I gave it to the caretaker on Monday, because of the hinge.\n\nAda"),
        (3, "Thank you, found him, found it. The hinge is still loose.\n\nFrida"),
    ]),
    ("Trip to the paper mill", &[
        (2, "Dear all,\n\nthe mill would show us around on the 14th or the 21st. The train leaves at 8:12; we would be back by six.\n\nWhich one suits you?\n\nClara"),
        (1, "The 21st for me.\n\nBen"),
        (0, "21st as well. Shall I book for four?\n\nAda"),
        (2, "Yes please. They also ask about lunch: soup or sandwiches?\n\nClara"),
        (3, "Soup.\n\nFrida"),
        (1, "Soup, if it is not too much trouble.\n\nBen"),
    ]),
    ("Caf\u{e9} or kitchen?", &[
        (1, "The caf\u{e9} closes at five from next month on. Should we meet in the kitchen instead?\n\nBen"),
        (2, "Kitchen. There is cake anyway.\n\nClara"),
    ]),
    ("Return address on the new envelopes", &[
        (2, "The proof has the old street name. Who sends the correction?\n\nClara"),
        (0, "I do. Please check the postcode as well, it looks like 1207 instead of 1270.\n\nAda"),
        (2, "You are right, it is 1270.\n\nClara"),
        (0, "Corrected and sent. They print on Thursday.\n\nAda"),
        (2, "Thank you!\n\nClara"),
    ]),
    ("Scale is off by 3 g", &[
        (3, "Everything weighs three grams too much since yesterday. Postage has been too high on about forty letters.\n\nFrida"),
        (1, "There was a rubber band under the plate. Off now, and it shows zero.\n\nBen"),
    ]),
    ("Holidays in the summer", &[
        (1, "I would be away from the 3rd to the 17th.\n\nBen"),
        (3, "And I in the two weeks after that.\n\nFrida"),
        (0, "Then I stay until you are both back.\n\nAda"),
        (1, "Thank you, Ada. I owe you one.\n\nBen"),
    ]),
];

/// For ISO-8859-1.
#[rustfmt::skip]
pub(super) const FRENCH: Text = ("Horaires d'\u{e9}t\u{e9} et r\u{e9}union", "Ch\u{e8}re Ada,\n\n\u{e0} partir du 1er juillet, le bureau ferme \u{e0} midi. La r\u{e9}union pr\u{e9}vue jeudi est d\u{e9}plac\u{e9}e au vendredi, \u{e0} dix heures.\n\nAvec mes meilleures salutations\nDidier Lef\u{e8}vre\n");

/// For ISO-2022-JP.
#[rustfmt::skip]
pub(super) const JAPANESE: Text = ("\u{4f1a}\u{8b70}\u{306e}\u{304a}\u{77e5}\u{3089}\u{305b}", "\u{30a8}\u{30a4}\u{30c0}\u{69d8}\n\n\u{3044}\u{3064}\u{3082}\u{304a}\u{4e16}\u{8a71}\u{306b}\u{306a}\u{3063}\u{3066}\u{304a}\u{308a}\u{307e}\u{3059}\u{3002}\u{6765}\u{9031}\u{306e}\u{4f1a}\u{8b70}\u{306f}\u{706b}\u{66dc}\u{65e5}\u{306e}\u{5341}\u{6642}\u{304b}\u{3089}\u{3067}\u{3059}\u{3002}\u{624b}\u{7d19}\u{306e}\u{898b}\u{672c}\u{3092}\u{304a}\u{6301}\u{3061}\u{304f}\u{3060}\u{3055}\u{3044}\u{3002}\n\n\u{4f50}\u{85e4}\u{6075}\u{7f8e}\n");

/// For Windows-1252: quotation marks, a dash and a sign that ISO-8859-1 does not have.
#[rustfmt::skip]
pub(super) const QUOTES: Text = ("Your \u{201c}express\u{201d} parcel \u{2013} new price", "Dear customer,\n\nfrom next month on, an \u{201c}express\u{201d} parcel costs \u{20ac}12 instead of \u{20ac}10 \u{2013} we\u{2019}re sorry. Letters stay as they are\u{2026}\n\nYour Post Office\n");

/// For UTF-8, with a character beyond the first plane.
#[rustfmt::skip]
pub(super) const GREEK: Text = ("\u{39a}\u{3b1}\u{3bb}\u{3b7}\u{3bc}\u{3ad}\u{3c1}\u{3b1} \u{3b1}\u{3c0}\u{3cc} \u{3c4}\u{3b7}\u{3bd} \u{391}\u{3b8}\u{3ae}\u{3bd}\u{3b1}", "\u{391}\u{3b3}\u{3b1}\u{3c0}\u{3b7}\u{3c4}\u{3ae} \u{386}\u{3bd}\u{3c4}\u{3b1},\n\n\u{3c4}\u{3bf} \u{3c4}\u{3b1}\u{3c7}\u{3c5}\u{3b4}\u{3c1}\u{3bf}\u{3bc}\u{3b5}\u{3af}\u{3bf} \u{3b5}\u{3b4}\u{3ce} \u{3ad}\u{3c7}\u{3b5}\u{3b9} \u{3bc}\u{3b9}\u{3b1} \u{3ba}\u{3af}\u{3c4}\u{3c1}\u{3b9}\u{3bd}\u{3b7} \u{3c0}\u{3cc}\u{3c1}\u{3c4}\u{3b1} \u{3ba}\u{3b1}\u{3b9} \u{3bc}\u{3b9}\u{3b1} \u{3b3}\u{3ac}\u{3c4}\u{3b1}. \u{1f4ee}\n\n\u{39a}\u{3bb}\u{3ac}\u{3c1}\u{3b1}\n");

/// For UTF-8 sent as it is.
#[rustfmt::skip]
pub(super) const SWEDISH: Text = ("Hj\u{e4}lp med br\u{e5}dskande brev", "Hej Ada,\n\nkan du l\u{e4}mna ett br\u{e5}dskande brev p\u{e5} v\u{e4}gen? Det ligger i l\u{e5}da sju, den lilla nyckeln \u{e4}r i k\u{f6}ket.\n\nTack!\nFrida\n");
