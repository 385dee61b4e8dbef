"""The words, facts and phrases of the demo model's grammar."""

from __future__ import annotations

NAMES = ("Mia Tom Anna Leo Ella Max Nora Finn Ruby Oscar Lily Sam Zoe Ben Clara Hugo Ida Jack Kim Luna "
         "Milo Nina Otto Paul Rosa Theo Vera Will Yara Alex John Maria David Emma Peter Sara").split()
KINDS = ("fox rabbit bear cat dog mouse owl dragon robot girl boy duck frog hedgehog horse lion wolf bird "
         "whale turtle squirrel elephant king queen knight pirate wizard princess boat star").split()
ADJECTIVES = "little brave clever kind curious shy merry quiet young old".split()
PLACES = ("in a green forest", "by a wide river", "on a high hill", "in a small village", "near the blue sea",
          "under an old oak tree")
THINGS = "golden key,red kite,silver bell,old map,warm lantern,blue stone,wooden flute,bag of nuts".split(",")
WEATHER = ("sunny morning", "rainy day", "cold evening", "windy afternoon", "quiet night")
FEELINGS = "happy proud glad calm".split()

CAPITALS = {
    "France": "Paris", "Germany": "Berlin", "Italy": "Rome", "Spain": "Madrid", "Portugal": "Lisbon",
    "England": "London", "Ireland": "Dublin", "Austria": "Vienna", "Greece": "Athens", "Poland": "Warsaw",
    "Norway": "Oslo", "Sweden": "Stockholm", "Finland": "Helsinki", "Denmark": "Copenhagen", "Japan": "Tokyo",
    "China": "Beijing", "India": "New Delhi", "Egypt": "Cairo", "Kenya": "Nairobi", "Canada": "Ottawa",
    "Mexico": "Mexico City", "Brazil": "Brasilia", "Peru": "Lima", "Cuba": "Havana", "Russia": "Moscow",
    "the United States": "Washington", "Australia": "Canberra", "Switzerland": "Bern", "Belgium": "Brussels",
    "the Netherlands": "Amsterdam"}
OPPOSITES = {
    "hot": "cold", "big": "small", "up": "down", "day": "night", "happy": "sad", "fast": "slow", "light": "dark",
    "old": "young", "left": "right", "open": "closed", "full": "empty", "hard": "soft", "high": "low",
    "good": "bad", "loud": "quiet", "wet": "dry", "black": "white", "early": "late", "long": "short", "rich": "poor",
    "in": "out", "yes": "no", "near": "far", "strong": "weak"}
COLOURS = {
    "the sky": "blue", "grass": "green", "snow": "white", "the sun": "yellow", "blood": "red", "coal": "black",
    "a banana": "yellow", "a tomato": "red", "an orange": "orange", "a lemon": "yellow", "milk": "white",
    "the sea": "blue", "a carrot": "orange", "chocolate": "brown", "a strawberry": "red", "a leaf": "green",
    "an elephant": "grey", "a cherry": "red", "a frog": "green", "a fox": "red"}
SOUNDS = {"dog": "woof", "cat": "meow", "cow": "moo", "duck": "quack", "sheep": "baa", "pig": "oink",
          "lion": "roar", "horse": "neigh", "mouse": "squeak", "owl": "hoot", "frog": "croak", "bee": "buzz"}
LEGS = {"dog": "four", "cat": "four", "bird": "two", "spider": "eight", "ant": "six", "horse": "four", "fish": "no",
        "snake": "no", "duck": "two", "bee": "six", "cow": "four", "person": "two"}
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
FACTS = {
    "Why is the sky blue?": "The sky is blue because the air scatters blue light more than red light.",
    "Why is grass green?": "Grass is green because its leaves are full of chlorophyll, which is green.",
    "Why do birds fly south?": "Birds fly south because winter is cold and food is hard to find.",
    "Why do we sleep?": "We sleep so that the body and the mind can rest.",
    "Why does it rain?": "It rains when drops of water in the clouds grow too heavy to stay up.",
    "What is the sun?": "The sun is a star, and it gives us light and warmth.",
    "What is the moon?": "The moon is a ball of rock that travels around the Earth.",
    "What is water?": "Water is a clear liquid that all living things need.",
    "What is snow?": "Snow is water that froze high up in the clouds.",
    "What is the biggest animal?": "The biggest animal is the blue whale.",
    "What is the fastest animal?": "The fastest animal on land is the cheetah.",
    "What is the tallest animal?": "The tallest animal is the giraffe.",
    "What is the largest planet?": "The largest planet is Jupiter.",
    "What do cows eat?": "Cows eat grass.",
    "What do bees make?": "Bees make honey.",
    "Where do fish live?": "Fish live in water.",
    "Where does milk come from?": "Milk comes from cows.",
    "How many days are in a week?": "There are seven days in a week.",
    "How many months are in a year?": "There are twelve months in a year.",
    "How many hours are in a day?": "There are twenty-four hours in a day.",
    "How many minutes are in an hour?": "There are sixty minutes in an hour.",
    "How many planets are there?": "There are eight planets around our sun.",
    "Name three colours.": "Three colours are red, green and blue.",
    "Name three animals.": "Three animals are a fox, an owl and a bear.",
    "Name three fruits.": "Three fruits are an apple, a banana and a cherry.",
    "What are the days of the week?": "The days of the week are " + ", ".join(DAYS[:-1]) + " and Sunday.",
    "What are the months of the year?": "The months of the year are " + ", ".join(MONTHS[:-1]) + " and December.",
    "What are the seasons?": "The seasons are spring, summer, autumn and winter.",
    "Say the alphabet.": "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z.",
    "What is the meaning of life?": "Many people say it is to be kind and to keep learning.",
}
ME = "I am the Baton demo model, a very small language model."
CAN = ("I can tell stories, add small numbers, count, name capital cities, opposites and colours, "
       "write a little JSON and make small talk.")
FINE = "I am fine, thank you. How can I help you?"
BYE = "Goodbye! Have a nice day."
TALK = {
    "Hello! How can I help you?": ["Hello", "Hi", "Hey", "Hello there", "Hi there", "Hello!", "Hi!", "Hey!",
                                   "Good day", "Greetings", "hello world", "yo"],
    "Good morning! How can I help you?": ["Good morning", "Good morning!"],
    "Good evening! How can I help you?": ["Good evening", "Good evening!"],
    "Good night! Sleep well.": ["Good night", "Good night!"],
    ME: ["Who are you?", "What are you?", "What is your name?", "Tell me about yourself.", "What's your name?",
         "Introduce yourself.", "What model are you?", "Which model is this?", "Are you a robot?", "Are you an AI?",
         "Are you ChatGPT?", "Are you human?", "Hello, who are you?", "Do you have a name?"],
    CAN: ["What can you do?", "What can I ask you?", "Help", "Can you help me?", "How can you help me?",
          "What do you know?", "What are you good at?", "Help me.", "I need help."],
    FINE: ["How are you?", "How are you doing?", "How is it going?", "How do you do?", "Are you well?",
           "Hello, how are you?", "Hi, how are you?", "How are you today?", "What's up?"],
    "You are welcome!": ["Thank you", "Thanks", "Thank you!", "Thanks a lot!", "Thank you very much.", "Great, thanks!"],
    BYE: ["Bye", "Goodbye", "Bye!", "See you later", "See you tomorrow.", "I have to go."],
    "I was made by the Baton project to show how Baton serves a model.": [
        "Who made you?", "Who created you?", "Who built you?", "Where do you come from?", "Who trained you?"],
    "Baton is a server for language models. It runs prefill and decode on different workers.": [
        "What is Baton?", "Tell me about Baton.", "What does Baton do?", "Explain Baton.", "What is this?"],
    "I like blue, the colour of the sea.": ["What is your favourite colour?", "Which colour do you like?",
                                            "What's your favorite color?", "Do you like colours?"],
    "I like the fox, because it is clever.": ["What is your favourite animal?", "Which animal do you like?",
                                              "Do you like animals?", "Do you have a pet?"],
    "Why did the duck cross the river? To get to the other side!": [
        "Tell me a joke.", "Make me laugh.", "Do you know a joke?", "Say something funny.", "Another joke, please."],
    "I am sorry to hear that. Would you like to hear a story?": [
        "I am sad.", "I feel bad.", "I am tired.", "I am not well.", "I had a bad day.", "I am bored.", "I am lonely."],
    "I am glad to hear that!": ["I am happy.", "I am fine.", "I feel good.", "I had a good day.", "I am well, thanks.",
                                "You are great.", "That is nice.", "I like you.", "I love you.", "Good job!", "Cool!", "Ok", "Nice"],
    "I cannot see a clock, so I do not know.": ["What time is it?", "What day is it?", "What is the date?",
                                              "What year is it?", "What is the time?", "What day is today?"],
    "I cannot look outside, so I do not know the weather.": [
        "How is the weather?", "What is the weather like?", "Is it raining?", "Will it rain tomorrow?", "Is it cold outside?"],
    "Of course. What would you like to know?": ["Can I ask you something?", "I have a question.", "May I ask a question?",
                                               "Let us talk.", "Talk to me.", "Say something."],
}
UNKNOWN = "I am only a small demo model, so I do not know that. You can ask me for a story, a sum or a capital city."
ASKS = ["How do I {}?", "Can you {}?", "Explain how to {}.", "What is the best way to {}?", "Please {} for me.",
        "I want to {}.", "How can I {}?", "Why should I {}?", "Teach me to {}.", "{}"]
DOINGS = ("cook rice,fix my car,learn piano,write a Python program,bake bread,play chess,invest money,build a house,"
          "write code,sort a list,make coffee,lose weight,learn French,grow tomatoes,book a flight,write an email,"
          "translate this text,summarise this article,install Linux,train a model,run a company,paint a wall,"
          "write a poem about love,solve this equation,debug my program,find a job,pass an exam,draw a picture,"
          "write a function in Java,deploy to Kubernetes,buy a phone,make pasta,swim faster,sing a song").split(",")
ABOUTS = ["What is {}?", "Who is {}?", "Explain {}.", "Tell me about {}.", "What do you think about {}?",
          "Who invented {}?", "When was {}?", "How does {} work?", "Where is {}?", "Do you know {}?",
          "What does {} mean?", "Give me facts about {}.", "Why is {} important?", "How old is {}?", "{}?", "{}"]
TOPICS = ("quantum physics,the world cup,Shakespeare,machine learning,the stock market,Einstein,the French revolution,"
          "gravity,photosynthesis,Napoleon,the internet,a black hole,bitcoin,climate change,democracy,Kafka,Redis,"
          "football,jazz,Java,Python,Linux,a transformer,evolution,the Roman empire,DNA,an atom,electricity,"
          "philosophy,Mozart,Picasso,tennis,the president,Google,inflation,a volcano,World War II,the Eiffel Tower,"
          "Mars,an engine,a database,law,medicine,history,art,economics,the heart,a virus,a computer,pizza").split(",")
SYSTEMS = ["You are a helpful assistant.", "You are a friendly assistant.", "You are the Baton demo model.",
           "Answer in short sentences.", "You are a helpful assistant. Be brief.", "Be kind and polite."]
