// The emoji that agents are offered, in the groups of the grid.

export const EMOJI: readonly (readonly string[])[] = [
  '😀 😃 😄 😁 😅 😂 🙂 🙃 😉 😊 😇 🥰 😍 😘 😋 😜 🤗 🤔 🤨 😐 🙄 😏 😌 😴 😕 🙁 😮 😢 😭 😤 😡 🤯 😱 🥳 😎 🤓 🤒 😷'.split(' '),
  '👍 👎 👌 ✌️ 🤞 🤝 🙏 👏 🙌 💪 👋 🤚 ✋ 👈 👉 👆 👇 ☝️ 🤷 🤦 🙋 🙇'.split(' '),
  '❤️ 🧡 💛 💚 💙 💜 🖤 💔 ✨ ⭐ 🔥 🎉 🎁 🎈 ☀️ 🌈 🌱 🌷 🌳 🍀 ☕ 🍕 🎂 🍎 🐶 🐱'.split(' '),
  '✅ ❌ ❗ ❓ ⚠️ 💡 📌 📎 📦 🚚 🛒 💳 💶 📞 📧 📅 ⏰ 🔑 🔒 🛠️ 🏠 🏪 📷 💻 📱 ⬆️ ⬇️ ➡️ ⬅️'.split(' '),
];
