//! Words, terms, passages, and which passage fits a question best.
//!
//! A term is a word in lower case, without accents and without its commonest endings: it need not be a word, only the same for *ship*,
//! *ships* and *shipping*. Both databases are searched for terms, so both find the same.

/// Words too common to tell articles apart, in the languages the widget ships.
const COMMON: &[&str] = &[
    // English
    "a", "about", "all", "am", "an", "and", "any", "are", "as", "at", "be", "but", "by", "can", "could",
    "did", "do", "does", "for", "from", "get", "give", "good", "had", "has", "have", "hello", "help", "hey",
    "hi", "how", "i", "if", "in", "is", "it", "its", "just", "know", "like", "may", "me", "morning", "much",
    "my", "need", "no", "not", "of", "ok", "okay", "on", "or", "our", "out", "please", "question", "say",
    "she", "should", "so", "some", "tell", "thank", "thanks", "that", "the", "their", "them", "then",
    "there", "they", "this", "thx", "to", "too", "us", "want", "was", "we", "were", "what", "when", "where",
    "which", "who", "why", "will", "with", "would", "yes", "you", "your", // German
    "aber", "als", "am", "auch", "auf", "aus", "bei", "bin", "bitte", "das", "dass", "dem", "den", "der",
    "des", "die", "doch", "ein", "eine", "einen", "einer", "er", "es", "fur", "haben", "hallo", "hat", "ich",
    "ihr", "im", "ist", "ja", "kann", "konnen", "man", "mein", "meine", "mich", "mir", "mit", "moin", "nach",
    "nicht", "noch", "nur", "oder", "servus", "sich", "sie", "sind", "uber", "um", "und", "uns", "vom",
    "von", "wann", "warum", "was", "wer", "wie", "wir", "wo", "zu", "zum", "zur", "danke",
    // French
    "au", "aux", "avec", "avez", "bonjour", "ce", "ces", "comment", "dans", "de", "des", "du", "elle", "en",
    "est", "et", "il", "je", "la", "le", "les", "ma", "mais", "merci", "mes", "mon", "ne", "nous", "ou",
    "par", "pas", "pour", "quand", "que", "quel", "quelle", "qui", "sa", "salut", "se", "ses", "si", "son",
    "sont", "sur", "un", "une", "vos", "votre", "vous", // Spanish
    "al", "como", "con", "cual", "cuando", "cuanto", "del", "donde", "el", "ella", "es", "esta", "gracias",
    "hay", "hola", "la", "las", "lo", "los", "me", "mi", "mis", "muy", "no", "para", "pero", "por", "puedo",
    "que", "se", "ser", "sin", "son", "su", "sus", "te", "tiene", "tu", "un", "una", "y", "ya",
];

/// What a passage has at the most, in characters.
const PASSAGE: usize = 1200;
/// A passage shorter than this takes the next paragraph with it.
const SHORT: usize = 200;
/// The most terms of a question that are looked for.
pub(super) const TERMS: usize = 32;

/// The words of a text in lower case without accents, in order.
pub(crate) fn words(text: &str) -> Vec<String> {
    let plain: String = text.chars().flat_map(char::to_lowercase).flat_map(without_accent).collect();
    plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Whether each of these begins a word of the text.
pub(crate) fn begin_words(text: &str, beginnings: &[String]) -> bool {
    let plain: String = text.chars().flat_map(char::to_lowercase).flat_map(without_accent).collect();
    let said = plain.split(|c: char| !c.is_alphanumeric());
    beginnings.iter().all(|beginning| said.clone().any(|word| word.starts_with(beginning)))
}

/// The terms of a text, each once, in the order of their appearance.
pub(crate) fn terms(text: &str) -> Vec<String> {
    let mut terms: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for word in words(text) {
        if COMMON.contains(&word.as_str()) || word.chars().count() > 40 {
            continue;
        }
        let term = stem(&word);
        if term.chars().count() > 1 && seen.insert(term.clone()) {
            terms.push(term);
        }
    }
    terms
}

fn without_accent(c: char) -> impl Iterator<Item = char> {
    let plain: &[char] = match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => &['a'],
        'ç' => &['c'],
        'è' | 'é' | 'ê' | 'ë' => &['e'],
        'ì' | 'í' | 'î' | 'ï' => &['i'],
        'ñ' => &['n'],
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' => &['o'],
        'ù' | 'ú' | 'û' | 'ü' => &['u'],
        'ý' | 'ÿ' => &['y'],
        'ß' => &['s', 's'],
        'æ' => &['a', 'e'],
        'œ' => &['o', 'e'],
        _ => return [Some(c), None].into_iter().flatten(),
    };
    [plain.first().copied(), plain.get(1).copied()].into_iter().flatten()
}

/// Takes common endings off words that stay long enough to mean something.
fn stem(word: &str) -> String {
    let mut stem = word;
    for ending in ["ies", "ing", "ed", "es", "en", "er", "s", "e", "y"] {
        if let Some(rest) = stem.strip_suffix(ending)
            && rest.chars().count() >= 3
        {
            stem = rest;
            break;
        }
    }
    let mut letters = stem.chars().rev();
    let (last, before) = (letters.next(), letters.next());
    if last.is_some() && last == before && stem.chars().count() > 3 && last.is_some_and(char::is_alphabetic) {
        let shorter = stem.len() - last.map_or(0, char::len_utf8);
        return stem[..shorter].to_owned();
    }
    stem.to_owned()
}

/// Cuts an article at its blank lines into passages that can be quoted as they are. Headings stay with what they head.
pub(super) fn passages(body: &str) -> Vec<String> {
    let mut passages: Vec<String> = Vec::new();
    let paragraphs = body.split("\n\n").flat_map(pieces).filter(|paragraph| !paragraph.is_empty());
    for paragraph in paragraphs {
        match passages.last_mut() {
            Some(last)
                if last.chars().count() < SHORT
                    && last.chars().count() + paragraph.chars().count() <= PASSAGE =>
            {
                last.push_str("\n\n");
                last.push_str(&paragraph);
            }
            _ => passages.push(paragraph),
        }
    }
    passages
}

/// A paragraph without its Markdown heading marks, in pieces that are not too long.
fn pieces(paragraph: &str) -> Vec<String> {
    let plain: Vec<&str> = paragraph.trim().lines().map(|line| line.trim_start_matches('#').trim()).collect();
    let characters: Vec<char> = plain.join("\n").trim().chars().collect();
    characters.chunks(PASSAGE).map(|piece| piece.iter().collect::<String>().trim().to_owned()).collect()
}

/// The indexes of the passages that fit, the best first.
///
/// A passage fits when it has at least two fifths of what the question asks. A term that tells these passages apart weighs more than one
/// that most of them have; one that none of them has weighs no more than that.
pub(super) fn rank<'a>(asked: &[String], passages: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let passages: Vec<Vec<&str>> = passages.map(|terms| terms.split(' ').collect()).collect();
    let has = |passage: &[&str], term: &str| passage.iter().any(|own| same(own, term));
    #[expect(clippy::cast_precision_loss, reason = "a few dozen passages")]
    let weights: Vec<f64> = asked
        .iter()
        .map(|term| match passages.iter().filter(|passage| has(passage, term)).count() {
            0 => 1.0,
            met => 1.0 + (passages.len() as f64 / met as f64).ln(),
        })
        .collect();
    let whole: f64 = weights.iter().sum();
    let score = |passage: &[&str]| -> f64 {
        asked.iter().zip(&weights).filter(|(term, _)| has(passage, term)).map(|(_, weight)| weight).sum()
    };
    let mut ranked: Vec<(usize, f64, usize)> = passages
        .iter()
        .enumerate()
        .map(|(index, passage)| (index, score(passage), passage.len()))
        .filter(|(_, score, _)| *score > 0.0 && *score >= whole * 0.4)
        .collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.2.cmp(&b.2)));
    ranked.into_iter().map(|(index, ..)| index).collect()
}

/// Whether a passage's term answers a question's: the same, or one begins with the other and both are long enough for that to mean something.
fn same(own: &str, asked: &str) -> bool {
    own == asked
        || (asked.len() >= 4 && own.starts_with(asked))
        || (own.len() >= 4 && asked.starts_with(own) && asked.len() - own.len() <= 4)
}

/// What both databases are searched for: a term of the question, cut so that it meets the longer and the shorter forms.
pub(crate) fn stems(asked: &[String]) -> impl Iterator<Item = &str> {
    asked.iter().map(|term| match term.char_indices().nth(5) {
        Some((end, _)) => &term[..end],
        None => term.as_str(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_share_their_term() {
        assert_eq!(terms("ship"), terms("shipping"));
        assert_eq!(terms("ships"), terms("Shipped"));
        assert_eq!(terms("return"), terms("returns"));
        assert_eq!(terms("Öffnungszeiten"), terms("offnungszeiten"));
    }

    #[test]
    fn small_talk_has_no_terms() {
        assert_eq!(terms("Hello, can you help me please?"), Vec::<String>::new());
    }

    #[test]
    fn a_passage_that_meets_little_of_the_question_does_not_fit() {
        let asked = terms("Do you sell submarines with periscope?");
        let other = terms("We sell plants and pots in all sizes").join(" ");
        assert!(rank(&asked, [other.as_str()].into_iter()).is_empty());
    }

    #[test]
    fn the_passage_that_meets_most_comes_first() {
        let asked = terms("How long does shipping to Austria take?");
        let passages = [
            "Returns within 30 days",
            "Shipping within Germany takes two days",
            "Shipping to Austria takes four days",
        ];
        let indexed: Vec<String> = passages.iter().map(|passage| terms(passage).join(" ")).collect();
        assert_eq!(rank(&asked, indexed.iter().map(String::as_str)).first(), Some(&2));
    }

    #[test]
    fn long_paragraphs_are_cut_and_short_ones_joined() {
        let body = format!("# Shipping\n\nTwo days.\n\n{}", "x".repeat(3000));
        let passages = passages(&body);
        assert_eq!(passages[0], "Shipping\n\nTwo days.");
        assert!(passages.iter().all(|passage| passage.chars().count() <= PASSAGE));
        assert_eq!(passages.len(), 4);
    }
}
