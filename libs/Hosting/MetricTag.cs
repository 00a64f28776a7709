using System.Text.Json;

namespace Dapr.Voice.Hosting;

/// <summary>
/// Tags of instruments and spans in one spelling: the members of an enum in snake case. Records, events and statistics use the same words.
/// </summary>
public static class MetricTag
{
    /// <summary>Creates a tag whose value is a member of an enum.</summary>
    public static KeyValuePair<string, object?> Of<T>(string name, T value) where T : struct, Enum => new(name, Word(value));

    /// <summary>Creates a tag whose value is a member of an enum, given by its name.</summary>
    public static KeyValuePair<string, object?> OfMember(string name, string member)
        => new(name, JsonNamingPolicy.SnakeCaseLower.ConvertName(member));

    /// <summary>Returns the word for a member. The words are computed once for each enum.</summary>
    public static string Word<T>(T value) where T : struct, Enum => Words<T>.Of[value];

    private static class Words<T> where T : struct, Enum
    {
        public static readonly Dictionary<T, string> Of =
            Enum.GetValues<T>().Distinct().ToDictionary(v => v, v => JsonNamingPolicy.SnakeCaseLower.ConvertName(v.ToString()));
    }
}
