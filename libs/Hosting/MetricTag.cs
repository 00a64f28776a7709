using System.Text.Json;

namespace Dapr.Voice.Hosting;

/// <summary>
/// Tags of instruments and spans in one spelling: an enum's member in snake case. The same word is in records, events and statistics.
/// </summary>
public static class MetricTag
{
    /// <summary>A tag whose value is the member of an enum.</summary>
    public static KeyValuePair<string, object?> Of<T>(string name, T value) where T : struct, Enum => new(name, Word(value));

    /// <summary>A tag whose value is the member of an enum that only its name is known of.</summary>
    public static KeyValuePair<string, object?> OfMember(string name, string member)
        => new(name, JsonNamingPolicy.SnakeCaseLower.ConvertName(member));

    /// <summary>The word of a member, made once per enum.</summary>
    public static string Word<T>(T value) where T : struct, Enum => Words<T>.Of[value];

    private static class Words<T> where T : struct, Enum
    {
        public static readonly Dictionary<T, string> Of =
            Enum.GetValues<T>().Distinct().ToDictionary(v => v, v => JsonNamingPolicy.SnakeCaseLower.ConvertName(v.ToString()));
    }
}
