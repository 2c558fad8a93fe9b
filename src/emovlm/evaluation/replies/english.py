"""The cues of English. ``CLASS`` in a pattern stands for the words that name classes."""

from emovlm.evaluation.replies.cues import Cues, either

AUX = either("""
    is|are|was|were|be|been|being|do|does|did|can|could|will|would|may|might|must|has|have|had|should
    seem|seems|appear|appears
""")
AUXILIARY = tuple(AUX.split("|"))
LOOK = "is|are|was|were|looks?|seems?|appears?|shows?|feels?|has|have|expresses|displays|conveys|remains|stays"
UNABLE = either(r"""
    (?:can|could|do|does|did|am|is|are) not(?: be)?(?: able to)?
    unable to
    (?:hard|difficult|impossible|tough|tricky|challenging|not easy|not possible|too \w+) to
    no way to
    not enough (?:\w+ ){0,3}to
""")
TELL = either(r"""
    say|tell|determine|know|judge|decide|identify|recogni[sz]e|infer|discern|assess|classify|interpret|conclude|detect
    make out
    be (?:sure|certain|determined|identified|said|told|inferred|recogni[sz]ed)
""")
NOUN = r"(?:emotions?|expressions?|feelings?|moods?|class|label|category|prediction|state)"
KIND = r"(?: class| label| \d)?"
MAIN = "(?:most likely|dominant|primary|main|predominant|prevailing|overall|top|strongest|principal|best)"

ENGLISH = Cues(
    idioms=either(r"""
        to (?:my|our|your|his|her|their|everyone ?s|no ?one ?s) (?:\w+ )?(?:surprise|delight|horror|disgust)
        to (?:my|our|your|his|her|their) (?:\w+ )?(?:dismay|relief|disappointment|joy|annoyance)
        (?:what a|little) surprise
        (?:comes?|came) as (?:no|a) surprise
        surprise,? surprise
        not surprising(?:ly)?|unsurprisingly|surprisingly|disappointingly|disgustingly
        it is (?:not )?(?:surprising|annoying|disappointing|scary|frightening|sad) (?:that|to|how)
        i am (?:\w+ly |very |quite |so |just )?(?:afraid|sorry|surprised)(?! of)
        i (?:fear|worry)(?= (?:that|i|we|it|this|there|not|the)\b)
        (?:happy|glad|pleased|delighted) to (?:help|assist|answer|describe|discuss|analy[sz]e|provide|try|share|explain)
        for fear (?:of|that)|never fear|fear not|have no fear(?=[,.!])
        happy (?:birthday|new year|hour|ending|medium|holidays|christmas|anniversary)
        sad(?:ly)? to say
        surprise (?:party|attack|gift|visit|guest)
        anger management|mad scientist|(?:scary|sad|horror) (?:movie|film|song|music)
        neutral[- ](?:colou?red|backgrounds?|backdrops?|colou?rs?|tones|walls?|lighting|light|setting|clothing|gr[ea]y)
        neutral (?:ground|zone|position|palette)
        calm (?:down|water|sea|weather|setting|background)
        (?:no|without(?: a| any)?) (?:doubt|question|problem|trouble)|undoubtedly
        more or less|no (?:more|less) than|than usual|at least
        (?:nothing|none)(?: else)? (?:but|other than|except(?: for)?|besides|apart from|more than|less than|short of)
        no (?:other )?(?:emotions?|expressions?|feelings?|signs?) (?:but|other than|except(?: for)?|besides|apart from)
        not (?:without|unlike|un)
        (?:barely|hardly|scarcely|poorly)[- ](?:contain|conceal|suppress|controll?|hid|restrain|veil)(?:ed|s|den)?
        as (?:if|though)|if anything|if not|even so|not to mention|or not|no matter|other than that
        (?<=\b(?:can|could) )not (?:help but|be more|be any more|be denied|deny)
        (?<=\b(?:can|could) )not be(?= (?:\w+ier|sadder|calmer|madder)\b)
        not (?:hard|difficult) to (?:see|tell|say)
        rather(?= \w+ing\b)
    """),
    not_only=either("""
        not (?:only|just|merely|simply|solely|purely)
        more than (?:just|only|simply|merely)
    """),
    absent=either(rf"""
        (?:(?:{AUX}) )*(?:\w+ly |also )?(?:absent|missing|lacking|excluded|ruled out|out of the question)
        (?:(?:{AUX}) )*(?:\w+ly |also )?(?:unlikely|improbable|impossible|doubtful|wrong|incorrect)
        (?:(?:{AUX}) )*(?:much |far )?less (?:likely|probable|plausible)
    """),
    better=either(rf"""
        (?:(?:{AUX}) )?(?:the )?(?:much |far |still )?(?:more|most) (?:likely|probable|plausible)(?! (?:to|than))
        (?:(?:{AUX}) )?(?:the )?(?:more|most) (?:fitting|accurate|appropriate|prominent|dominant)(?! than)
        (?:fits|matches|fit|match) (?:best|better)|prevails|dominates|wins
        (?:is )?the best (?:fit|match|choice|answer|option|description|label)
    """),
    naught="false|null|n/a|(?:no|none)(?= ?(?:[,;.!)—]|$))",
    uncertain=either(rf"""
        (?:{UNABLE})(?: \w+ly)? (?:{TELL})
        not (?:sure|certain|clear|obvious|known)
        no idea|unclear|uncertain|unsure
    """),
    less="less|fewer|not (?:so|as) much",
    verbal=either(r"""
        not|never|hardly|barely|scarcely|rarely|neither|nor|no one|nobody|nothing|none|no longer|no way
        fail(?:s|ed|ing)? to|unable to|unlikely
        rul(?:es?|ed|ing) out|exclud(?:e|es|ed|ing)|den(?:y|ies|ied|ying)|doubts?
        whether|wonder(?:s|ing)?|if
        (?<=\btoo \w+ )to (?:be|look|seem)
    """),
    nominal=either(r"""
        no|non|un|zero|without|lack(?:s|ing)?(?: of)?|absence of|(?:free|devoid|void|bereft) (?:of|from)
        rather than|instead of|as opposed to|unlike|far from|(?:any|every)thing but|the opposite of|contrary to
        in contrast (?:to|with)|nowhere near
        other than|except(?: for)?|excluding|besides|apart from
        (?:mistaken|confused) (?:for|with)
        (?:different|distinct|differs?|distinguish(?:ed|es|ing)?)(?: it| this)? from
        (?:little|few) (?:\w+ )?(?:signs?|evidence|indications?|traces?) of
    """),
    concede="although|though|even though|even if|despite|in spite of",
    reason=either(r"""
        because|since|given|due to|based on|owing to|caused by|judging (?:by|from)|in (?:response|reaction) to
        as (?:evidenced|shown|indicated|suggested|seen|reflected|the|his|her|their|there|it|he|she|they)
    """),
    than="than|as|over",
    correct=either(r"""
        or rather|i mean|no wait|correction|scratch that
        but (?:(?:it|he|she|they|this) )?(?:is |are )?(?:actually|really|in fact|in reality|most likely|more likely)
        (?:on|upon) (?:second thoughts?|reflection|closer inspection)
    """),
    stop="but|however|yet|instead|rather|while|whereas|which|who|whose",
    subject=either(rf"""
        (?:it|he|she|they|this|that|there|i|we|you|(?:the|his|her|their) (?!CLASS)\w+)(?: \w+ly)? (?:{LOOK})
        (?:it|he|she|they|this|that|there|(?:the|his|her|their) (?!CLASS)\w+) (?:suggests?|indicates?)
        (?:it|he|she|they|this|that|there|(?:the|his|her|their) (?!CLASS)\w+) (?:may|might|could|can|will|would)
        (?:i|we|you) (?:may|might|could|can|will|would)
        (?:i|we|you)(?: \w+ly)? (?:think|believe|see|find|notice|observe)
    """),
    and_verb=rf"(?:and|or) (?:also |instead |therefore |thus )?(?:{LOOK})",
    and_="and|or|etc|plus|as well as",
    hedge="may|might|could|perhaps|maybe|possibly|can be",
    exceptions=frozenset(("other than", "except", "except for", "besides", "apart from", "anything but")),
    statements={
        1: r"final (?:answer|decision|verdict|choice|prediction|label|classification)(?: (?:is|would be|=))?",
        2: r"answer(?: to (?:the|this|your) question)?(?: (?:is|would be|should be|must be|=)| ?(?=[:—=]))",
        3: either(rf"""
            therefore|thus|hence|consequently|overall|ultimately|all in all|conclusion|verdict|best guess|my guess
            in (?:conclusion|summary|short)|to (?:sum up|conclude|summari[sz]e)
            i (?:would )?(?:say|go (?:with|for)|choose|guess|pick|select|conclude)
            {MAIN} (?:\w+ )?{NOUN}(?: \w+){{0,5}}?(?: (?:is|=)| ?(?=[:—]))
            (?:dominant|primary|main|top) ?(?=[:—])
        """),
        4: either(rf"""
            ^(?:(?:the|predicted|detected|facial|human|person s|her|his|their) ){{0,3}}{NOUN}{KIND}(?: is| ?[:=—])
            ^(?:the|his|her|their) (?:\w+ )?emotion (?:\w+ ){{0,8}}?is(?! not)
            ^(?:result|output|response) ?(?=:)
        """),
    },
    aside=either(rf"""
        (?:reason|reasoning|explanation|rationale|evidence|justification)s?(?: (?:{NOUN}|answer))? ?:
        (?:description|analysis|observation|note|thought|caption|summary|cue|comment)s? ?:
        (?:second(?:ary)?|other|alternative|runner ?up|minor|less likely)s?(?: (?:{NOUN}|answer|choice|guess)s?)? ?:
    """),
    options=r"(?:the |my )?(?:possible |available |given |listed )?(?:options|choices|candidates|possibilities)\b",
    question=r"\?\s*$",
    announced=either(r"""
        (?:(?:ok|okay|alright|sure|well|hmm|so|now|first)[ ,]*)*(?:let us|let me|i will|i need to|we need to|i should)
        (?:(?:ok|okay|alright|sure|well|hmm|so|now|first)[ ,]*)*to (?:determine|answer|identify|figure|analy[sz]e)
        step 1
    """),
    cut=r"(?:^|\W)(?:and|or|but|however|nor|yet|either|neither|not|versus|vs)$",
    frame=either(r"""
        \bframe (?:number |no |# ?)?\d+(?! ?(?:-|—|to|and|through|,) ?(?:frame )?\d)
        \b(?:first|second|third|fourth|fifth|\d+(?:st|nd|rd|th)|last|final|next|middle|opening|closing|this) frame\b
        \bat (?:second )?\d+(?:[:.]\d+)? ?(?:s|sec|seconds?)?\b
    """),
    changes=either(r"""
        \b(?:then|later|afterwards?|eventually|subsequently|at first|initially|in the beginning)\b
        \b(?:turns?|changes?|becomes?|by the end|at the end|over time)\b
    """),
    corrects=r"(?:no|nope|wait|no wait|actually|correction|sorry|hmm)\b ?[,:—]",
    agrees=r"(?:yes|yeah|correct|right|indeed|exactly)\b",
    refuses=either(rf"""
        (?:{UNABLE})(?: \w+ly)? (?:{TELL})(?: \S+){{0,5}} (?:{NOUN}|feels?)\b
        (?:{UNABLE})(?: \w+ly)? (?:{TELL})(?: ?$| (?:for sure|from))
        no (?:\w+ )?(?:emotions?|answer) (?:can|could) be
    """),
    fillers=frozenset(either("""
        a|an|the|it|is|this|that|was|be|as|of|one|in|about|being
        probably|likely|clearly|definitely|certainly|obviously|mostly|mainly|very|quite|slightly|strong|strongly|mild
        facial|person|s|emotion|emotions|emotional|expression|feeling|feelings|face|mood|state
        answer|label|class|category|option|choice|my|guess|overall|final|yes|sure|ok|okay
        i|think|say|would|believe|appears|seems|looks|like|shown|displayed|expressed
    """).split("|")),
)  # fmt: skip
