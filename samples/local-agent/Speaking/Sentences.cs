namespace Dapr.Voice.LocalAgent.Speaking;

/// <summary>Cuts a text at places where a speaker would breathe.</summary>
internal static class Sentences
{
    public static List<string> Split(string text)
    {
        var sentences = new List<string>();
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            bool isEnd = text[i] is '.' or '!' or '?' && (i + 1 == text.Length || char.IsWhiteSpace(text[i + 1]));
            // A text without full stops is cut at a space before it becomes too long to be spoken at once.
            bool isTooLong = i - start >= SpeechSynthesizer.MaximumSentenceCharacters - 20 && char.IsWhiteSpace(text[i]);
            if (!isEnd && !isTooLong && i - start < SpeechSynthesizer.MaximumSentenceCharacters - 1) continue;
            Add(text[start..(i + 1)], sentences);
            start = i + 1;
        }
        Add(text[start..], sentences);
        return sentences;
    }

    private static void Add(string part, List<string> sentences)
    {
        string trimmed = part.Trim();
        if (trimmed.Length > 0) sentences.Add(trimmed);
    }
}
