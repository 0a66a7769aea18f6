/** Emoji by group; each with the words that find it. The first word is its short name. */
export const EMOJI: ReadonlyArray<readonly [group: string, list: ReadonlyArray<readonly [emoji: string, words: string]>]> = [
  ['Often used', words('👍 thumbs up yes ok|❤️ heart love|😂 joy laugh tears|🎉 tada party celebrate|👀 eyes look|🙏 pray thanks please|✅ check done|🔥 fire hot|🚀 rocket ship launch|💯 hundred perfect|👏 clap bravo|🤔 thinking hmm|😅 sweat smile phew|➕ plus agree|👋 wave hello bye|👎 thumbs down no')],
  ['Faces', words('😀 grin happy|😃 smile happy|😄 smile eyes|😁 beam|😆 laugh squint|🙂 slight smile|🙃 upside down|😉 wink|😊 blush|😇 angel halo|🥰 in love hearts|😍 heart eyes|😘 kiss|😋 yum tasty|😜 wink tongue|🤪 zany crazy|🤗 hug|🤭 giggle oops|🤫 quiet shush|🤨 raised eyebrow|😐 neutral|😑 expressionless|😏 smirk|😒 unamused|🙄 eye roll|😬 grimace|😌 relieved|😔 sad pensive|😴 sleep tired|🤒 sick fever|🤯 mind blown|🥳 party face|😎 cool sunglasses|🤓 nerd glasses|😕 confused|🙁 frown sad|😮 surprised wow|😲 astonished|😳 flushed|🥺 pleading|😢 cry sad|😭 sob cry|😱 scream fear|😤 huff|😡 angry|🤬 swear|💀 skull dead|🤡 clown|👻 ghost|🤖 robot bot|🫠 melting|🫡 salute')],
  ['People', words('👌 ok hand|✌️ victory peace|🤞 fingers crossed luck|🤟 love you|🤘 rock horns|🤙 call me|👈 left|👉 right|👆 up|👇 down|☝️ one up|✋ hand stop|🖐️ five|🤚 back hand|🖖 spock|🤝 handshake deal|🙌 hooray hands|👐 open hands|🤲 palms|✍️ writing|💪 strong muscle|🧠 brain|🤦 facepalm|🤷 shrug|💁 info|🙋 raise hand|🙇 bow sorry|🏃 run|💃 dance|🧘 calm yoga')],
  ['Nature and food', words('🐶 dog|🐱 cat|🐭 mouse|🦊 fox|🐻 bear|🐼 panda|🦁 lion|🐸 frog|🐵 monkey|🐔 chicken|🐧 penguin|🦆 duck|🦉 owl|🐝 bee|🐛 bug|🦋 butterfly|🐢 turtle|🐍 snake|🐙 octopus|🦀 crab rust|🐬 dolphin|🐘 elephant|🌱 seedling|🌳 tree|🌹 rose|🌻 sunflower|☀️ sun|🌙 moon|⭐ star|⚡ lightning fast|🌈 rainbow|❄️ snow|☕ coffee|🍵 tea|🍺 beer|🍷 wine|🍕 pizza|🍔 burger|🍟 fries|🌮 taco|🍣 sushi|🍩 donut|🍪 cookie|🎂 cake birthday|🍎 apple|🍌 banana|🍓 strawberry|🥑 avocado')],
  ['Things', words('⚽ football|🏀 basketball|🎮 game|🎲 dice|🎵 music|🎸 guitar|🎨 art|🎬 film|🏆 trophy win|🥇 gold first|🎁 gift|🎈 balloon|💡 idea bulb|💻 laptop|📱 phone|⌨️ keyboard|📷 camera|🔋 battery|🔌 plug|🔧 wrench fix|🔨 hammer|⚙️ gear settings|🧪 test tube|🔬 microscope|🔒 lock|🔑 key|📌 pin|📎 paperclip|✏️ pencil|📝 memo note|📅 calendar|📈 chart up|📉 chart down|📦 package ship|📣 megaphone|🔔 bell|🔕 no bell|⏰ alarm clock|⏳ hourglass wait|💰 money|✈️ plane travel|🚗 car|🚲 bike|🏠 home|🏢 office')],
  ['Signs', words('💙 blue heart|💚 green heart|💛 yellow heart|🧡 orange heart|💜 purple heart|🖤 black heart|💔 broken heart|💬 speech|💭 thought|❗ exclamation|❓ question|❌ cross no|⛔ no entry|🚫 forbidden|⚠️ warning|🆗 ok|🆕 new|🔴 red|🟠 orange|🟡 yellow|🟢 green|🔵 blue|⬆️ up|⬇️ down|➡️ right|⬅️ left|🔁 repeat|♻️ recycle|✨ sparkles|💥 boom|💤 zzz|🏁 finish|🚩 flag|🏳️‍🌈 pride')],
];

/** The reactions offered first. */
export const QUICK_REACTIONS: readonly string[] = ['👍', '🎉', '👀'];

function words(list: string): Array<readonly [string, string]> {
  return list.split('|').map((entry) => {
    const at = entry.indexOf(' ');
    return [entry.slice(0, at), entry.slice(at + 1)] as const;
  });
}
