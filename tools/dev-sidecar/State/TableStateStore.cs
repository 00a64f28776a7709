using System.Globalization;
using Dapr.Voice.DevSidecar.Resources;

namespace Dapr.Voice.DevSidecar.State;

/// <summary>
/// Azure Table Storage. ETags include quotes. There is no TTL, there are no transactions, and options are ignored. Keys must not contain
/// <c>/ \ # ?</c>, and values have at most 32,766 characters. A write with an ETag to a missing key succeeds. An ETag in another format is
/// answered with 500 on a save and with 409 on a delete.
/// </summary>
internal sealed class TableStateStore(TimeProvider time) : StateStore(time)
{
    private const int MaximumValueCharacters = 32_766;

    /// <summary>The service allows 512 characters in a row key. Nothing was recorded between 250 and 1,000.</summary>
    private const int MaximumKeyCharacters = 512;

    private long _lastStamp;

    /// <exception cref="ResourceException">The service refuses the name of the table. The real sidecar creates the table at its start, so
    /// it does not start in this case.</exception>
    public static TableStateStore CreateNamed(ComponentSpec component, TimeProvider time)
    {
        string table = component.Find("tableName")!;
        return table.Length is >= 3 and <= 63 && char.IsAsciiLetter(table[0]) && table.All(char.IsAsciiLetterOrDigit)
            ? new TableStateStore(time)
            : throw component.Source.Error(
            $"component '{component.Name}': '{table}' is no name of a table. Write 3 to 63 letters and digits, a letter first.");
    }

    public override IReadOnlyList<string> Capabilities { get; } = ["ETAG"];

    public override bool HasTransactions => false;

    protected override bool ShowsExpiry => false;

    protected override StateFailure? SaveLocked(StateRequest request)
    {
        if (request.Key.Length > MaximumKeyCharacters || request.Key.AsSpan().ContainsAny("/\\#?"))
            return StateFailure.Error($"the key '{request.Key}' is refused by Table Storage");
        if (System.Text.Encoding.UTF8.GetCharCount(request.Value.Span) > MaximumValueCharacters)
            return StateFailure.Error("PropertyValueTooLarge");

        Item? item = Find(request.Key);
        if (item is not null)
        {
            if (request.HasETag)
            {
                if (!IsOwnForm(request.ETag!)) return StateFailure.Error("InvalidInput: the ETag has another form");
                if (item.ETag != request.ETag) return StateFailure.Mismatch;
            }
            else if (request.IsFirstWrite)
            {
                return StateFailure.Mismatch;
            }
        }
        return Put(request.Key, request.Value, stored => stored.ETag = NextETag());
    }

    protected override StateFailure? DeleteLocked(StateRequest request)
    {
        if (CheckReadKey(request.Key) is { } refused) return refused;
        if (request.HasETag && Find(request.Key)?.ETag != request.ETag) return StateFailure.Mismatch;
        Remove(request.Key);
        return null;
    }

    // A slash breaks the address of the row. With the other forbidden characters nothing is found (recorded).
    protected override StateFailure? CheckReadKey(string key)
        => key.Contains('/', StringComparison.Ordinal) ? StateFailure.Error("InvalidInput: a slash in the key") : base.CheckReadKey(key);

    private static bool IsOwnForm(string etag)
        => etag.StartsWith("W/\"datetime'", StringComparison.Ordinal) && etag.EndsWith("'\"", StringComparison.Ordinal);

    private string NextETag()
    {
        // The stamp is the time in ticks. It is increased if two writes have the same time, because an ETag must be unique.
        _lastStamp = Math.Max(_lastStamp + 1, Now.UtcTicks);
        string stamp = new DateTime(_lastStamp, DateTimeKind.Utc).ToString(
            "yyyy-MM-dd'T'HH':'mm':'ss'.'fffffff'Z'", CultureInfo.InvariantCulture);
        return $"W/\"datetime'{Uri.EscapeDataString(stamp)}'\"";
    }
}
