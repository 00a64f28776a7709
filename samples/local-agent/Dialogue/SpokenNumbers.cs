namespace Dapr.Voice.LocalAgent.Dialogue;

/// <summary>Numbers as they are spoken.</summary>
internal static class SpokenNumbers
{
    private static readonly string[] s_small =
        ("zero one two three four five six seven eight nine ten "
        + "eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen").Split(' ');

    private static readonly string[] s_tens = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".Split(' ');

    private static readonly string[] s_ordinals =
        ("zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
        + "sixteenth seventeenth eighteenth nineteenth").Split(' ');

    /// <summary>Reads one word: 0 to 19, or a multiple of ten. Returns -1 if it is not a number.</summary>
    public static int Parse(string word)
    {
        int small = Array.IndexOf(s_small, word);
        if (small >= 0) return small;
        int tens = Array.IndexOf(s_tens, word);
        return tens > 1 ? tens * 10 : -1;
    }

    /// <param name="number">0 to 99,999.</param>
    public static string Cardinal(int number) => number switch
    {
        < 20 => s_small[number],
        < 100 => s_tens[number / 10] + (number % 10 == 0 ? "" : " " + s_small[number % 10]),
        < 1000 => s_small[number / 100] + " hundred" + (number % 100 == 0 ? "" : " " + Cardinal(number % 100)),
        _ => Cardinal(number / 1000) + " thousand" + (number % 1000 == 0 ? "" : " " + Cardinal(number % 1000)),
    };

    /// <param name="number">1 to 31.</param>
    public static string Ordinal(int number) => number switch
    {
        < 20 => s_ordinals[number],
        20 => "twentieth",
        < 30 => "twenty " + s_ordinals[number - 20],
        30 => "thirtieth",
        _ => "thirty " + s_ordinals[number - 30],
    };

    public static string Duration(TimeSpan duration)
    {
        int seconds = (int)duration.TotalSeconds;
        (int amount, string? unit) = seconds % 3600 == 0 ? (seconds / 3600, "hour") : seconds % 60 == 0 ? (seconds / 60, "minute")
            : (seconds, "second");
        return $"{Cardinal(amount)} {unit}{(amount == 1 ? "" : "s")}";
    }
}
