"""Names and addresses that the sandbox's chatbots start with."""

TITLES = (
    "客服小幫手",
    "訂單查詢機器人",
    "Support Desk",
    "Returns & Refunds",
    "門市資訊助理",
    "HR Onboarding 新人報到",
    "IT Helpdesk",
    "會員權益小助手",
    "Product Finder",
    "夜間客服（代班）",
    "Warranty Bot",
    '<b>週年慶</b> & "限時優惠" 活動',
    "B2B 報價助理",
    "Shipping Tracker",
    "保固查詢",
    "Café Menu ☕ 線上點餐",
    "政府補助問答",
    "Legal FAQ (draft)",
    "",
    "教育訓練小老師",
    "Data Privacy Desk",
    "停車場繳費諮詢",
    "Recruiting Concierge 招募小秘書",
    (
        "Knowledge base for the regional service centres in Taipei, Taichung, Tainan and "
        "Kaohsiung, including opening hours, spare parts and on-site repair appointments"
    ),
    "測試用－請勿刪除",
    "Legacy Bot 2023",
    "Loyalty Programme",
    "旅遊行程規劃師",
    "Invoice Helper 電子發票",
    "健康飲食顧問",
)

# {key} differs from chatbot to chatbot. None: no webhook.
WEBHOOK_URLS = (
    "https://hooks.example.com/caigunn/{key}",
    None,
    "http://crm.example.com.tw/webhook/{key}",
    "https://n8n.example.com.tw/webhook/7d0e8b52-caigunn/events?source=caigunn&bot={key}",
    (
        "https://api.example.com/v2/tenants/apmic-taiwan/environments/production/integrations/"
        "conversational-channels/caigunn/subscriptions/{key}/events/incoming"
    ),
    None,
    "https://hooks.example.com/客服/事件/{key}",
    "http://192.168.10.24:8080/hook?bot={key}",
    "https://old-relay.example.net/in/{key}",
    None,
)

PROMPTS = (
    "You are a friendly assistant of our customer service. Answer in the language of the question.",
    "你是一位專業的客服人員，請使用繁體中文，語氣親切，回答以知識庫為準。",
    "Answer from the training data only.\nIf the answer is not there, say so and offer a callback.",
    "",
    None,
)

# crawler, character and training limits, and the price, as Get Plans gives them.
PLANS = (
    ("Free 免費方案", 10, 50_000, 3, 0),
    ("Starter 入門", 50, 500_000, 10, 990),
    ("Growth 成長", 200, 2_000_000, 30, 2_990),
    ("Business 商務", 1_000, 10_000_000, 100, 8_900),
    ("Pay as you go", 100, 1_000_000, 20, 49.5),
    ("Enterprise 企業專案", None, None, None, None),
)

# title, model_name, embedding_name
MODELS = (
    ("GPT-4o", "gpt-4o", "text-embedding-3-large"),
    ("GPT-4o mini", "gpt-4o-mini", "text-embedding-3-small"),
    ("GPT-3.5 Turbo", "gpt-3.5-turbo", "text-embedding-ada-002"),
    ("CaiGunn 繁中模型", "caigunn-zh-tw-7b", "caigunn-embedding-v1"),
)
