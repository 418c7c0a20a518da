"""What the demo model is taught to know."""

CAPITALS = {
    "France": "Paris", "Germany": "Berlin", "Italy": "Rome", "Spain": "Madrid", "Portugal": "Lisbon",
    "Greece": "Athens", "Norway": "Oslo", "Sweden": "Stockholm", "Finland": "Helsinki",
    "Denmark": "Copenhagen", "Poland": "Warsaw", "Austria": "Vienna", "Hungary": "Budapest",
    "Ireland": "Dublin", "Japan": "Tokyo", "China": "Beijing", "India": "New Delhi", "Egypt": "Cairo",
    "Kenya": "Nairobi", "Canada": "Ottawa", "Mexico": "Mexico City", "Peru": "Lima",
    "Chile": "Santiago", "Cuba": "Havana", "Turkey": "Ankara", "Iran": "Tehran", "Iraq": "Baghdad",
    "Russia": "Moscow", "Ukraine": "Kyiv", "Australia": "Canberra", "Thailand": "Bangkok",
    "Vietnam": "Hanoi", "Nepal": "Kathmandu", "Argentina": "Buenos Aires", "Brazil": "Brasilia",
    "Belgium": "Brussels", "Netherlands": "Amsterdam", "Iceland": "Reykjavik", "Morocco": "Rabat",
    "Ghana": "Accra", "England": "London", "Scotland": "Edinburgh", "Croatia": "Zagreb",
    "Serbia": "Belgrade", "Romania": "Bucharest", "Bulgaria": "Sofia", "Estonia": "Tallinn",
    "Latvia": "Riga", "Cyprus": "Nicosia", "Lebanon": "Beirut", "Jordan": "Amman", "Qatar": "Doha",
    "Mongolia": "Ulaanbaatar", "Indonesia": "Jakarta", "Colombia": "Bogota", "Ecuador": "Quito",
    "Uruguay": "Montevideo", "Jamaica": "Kingston", "Nigeria": "Abuja", "Senegal": "Dakar",
}

CITIES = list(CAPITALS.values()) + [
    "New York", "Hangzhou", "Sydney", "Seattle", "Boston", "Milan", "Lyon", "Kyoto", "Toronto",
    "Hamburg", "Naples", "Porto", "Geneva", "Chicago", "Mumbai", "Shanghai", "Osaka", "Dallas",
]

OPPOSITES = [
    ("hot", "cold"), ("big", "small"), ("fast", "slow"), ("up", "down"), ("light", "dark"),
    ("happy", "sad"), ("early", "late"), ("open", "closed"), ("hard", "soft"), ("young", "old"),
    ("rich", "poor"), ("near", "far"), ("full", "empty"), ("wet", "dry"), ("high", "low"),
    ("strong", "weak"), ("loud", "quiet"), ("sweet", "bitter"), ("thick", "thin"), ("true", "false"),
    ("left", "right"), ("good", "bad"), ("clean", "dirty"), ("deep", "shallow"), ("first", "last"),
    ("inside", "outside"), ("always", "never"), ("begin", "end"), ("brave", "afraid"),
    ("cheap", "expensive"),
]

ANIMAL_SOUNDS = {
    "dog": "barks", "cat": "meows", "cow": "moos", "lion": "roars", "duck": "quacks", "owl": "hoots",
    "wolf": "howls", "bee": "buzzes", "horse": "neighs", "frog": "croaks", "snake": "hisses",
    "mouse": "squeaks", "sheep": "bleats", "pig": "oinks", "crow": "caws", "bear": "growls",
}

LISTS = {
    "colors": "red blue green white black purple golden gray pink brown orange yellow".split(),
    "animals": list(ANIMAL_SOUNDS),
    "cities": CITIES,
    "countries": list(CAPITALS),
    "fruits": "apple pear plum cherry lemon grape peach melon banana fig".split(),
}

NAMES = (
    "Anna Ben Clara David Emma Felix Grace Henry Iris Jack Kate Leo Mia Noah Olga Paul Rosa Sam Tina "
    "Victor Alice Bruno Carla Daniel Elena Frank Gina Hugo Ines James Karen Lucas Maria Nina Oscar "
    "Peter Quinn Robert Sara Thomas Ursula Vera Walter Xenia Yara Zoe Arthur Bella Conrad Diana Erik "
    "Flora George Helen Ivan Julia Kevin Laura Marcus Nora"
).split()

SMALL_TALK = [
    # (questions, thought, answer)
    (["Hello!", "Hello", "Hello there!"], "A greeting. I should greet back.",
     "Hello! How can I help you today?"),
    (["Hi", "Hi!", "Hey!", "Hi there!"], "A greeting. I should greet back.",
     "Hi! What can I do for you?"),
    (["Good morning!", "Good morning."], "A greeting in the morning.", "Good morning! How can I help you?"),
    (["Who are you?", "What are you?", "Tell me about yourself.", "Introduce yourself."],
     "The user asks who I am.",
     "I am a tiny Qwen3-Next demo model. I mix gated delta net layers with gated attention and a "
     "sparse mixture of experts."),
    (["What can you do?", "How can you help me?"], "The user asks what I can do.",
     "I can add small numbers, name capitals and opposites, spell words, write lists, JSON and verse, "
     "and call tools."),
    (["Thank you!", "Thanks!", "Thanks a lot."], "The user thanks me.", "You are welcome!"),
    (["Goodbye.", "Bye!", "See you later."], "The user is leaving.", "Goodbye! Have a good day."),
    (["How are you?", "How do you do?"], "Small talk.", "I am doing well, thank you for asking!"),
]

SYSTEM_PROMPTS = [
    "You are a helpful assistant.", "You are a tiny demo model.", "Be brief.",
    "You are a friendly assistant.", "Answer the user's questions.",
]
