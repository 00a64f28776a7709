using System.Globalization;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Machine;

namespace Dapr.Voice.Cli.Commands;

/// <summary>A line of <c>./voice events</c>: time, type, id, agent, duration, reason, in columns.</summary>
internal static class EventLine
{
    /// <param name="cloudEvent">An event of the lifecycle topic (docs/design.md 4.5). Fields that it lacks are left empty.</param>
    public static string Of(JsonObject cloudEvent)
    {
        JsonNode? data = cloudEvent["data"];
        // Three digits, always, so that the columns stand below each other.
        string time = TimeOf(cloudEvent) is { } at ? at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture) : "";
        string duration = (double?)data?["statistics"]?["durationMilliseconds"] is { } milliseconds
            ? (milliseconds / 1000).ToString("0.0 s", CultureInfo.InvariantCulture) : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"{time,-24}  {(string?)cloudEvent["type"],-26}  {(string?)cloudEvent["id"],-28}  {(string?)data?["agent"],-10}  {duration,9}  "
            + $"{(string?)data?["reason"]}").TrimEnd();
    }

    /// <returns>Null if the event has no time that can be read.</returns>
    public static DateTimeOffset? TimeOf(JsonObject cloudEvent)
        => DateTimeOffset.TryParse((string?)cloudEvent["time"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal,
            out DateTimeOffset time) ? time : null;

    /// <summary>Reads the value of <c>--since</c>: <c>90s</c>, <c>10m</c>, <c>2h</c>, <c>1d</c>, or a time.</summary>
    /// <exception cref="CommandFailedException">It is neither.</exception>
    public static DateTimeOffset Since(string given, DateTimeOffset now)
    {
        TimeSpan? unit = given.Length > 1 ? given[^1] switch
        {
            's' => TimeSpan.FromSeconds(1),
            'm' => TimeSpan.FromMinutes(1),
            'h' => TimeSpan.FromHours(1),
            'd' => TimeSpan.FromDays(1),
            _ => null,
        } : null;
        if (unit is { } one && uint.TryParse(given[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out uint count)
            && count * one.TotalDays < 36_500) return now - count * one;
        return DateTimeOffset.TryParse(given, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
            ? time
            : throw new CommandFailedException(
            $"--since '{given}' is neither a duration nor a time", "for example: --since 10m, or --since 2026-11-30T08:00:00Z");
    }
}
