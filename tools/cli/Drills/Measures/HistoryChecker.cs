using Dapr.Voice.Contracts;

namespace Dapr.Voice.Cli.Drills.Measures;

/// <summary>Something in a recorded run that must never happen.</summary>
/// <param name="Rule">The rule that it breaks, in one word.</param>
/// <param name="T">When it was seen first, in milliseconds since the run began.</param>
internal sealed record Violation(string Rule, int? Call, double T, string What);

/// <summary>
/// Checks a recorded run: a caller hears one owner at a time, each event happens once, no message is lost or comes twice, epochs grow, and
/// no packet index is used twice. A call that is lost is no violation; the drill counts it.
/// </summary>
internal static class HistoryChecker
{
    /// <summary>A message that was sent so shortly before the end may still be on its way.</summary>
    public const double UnderWayMilliseconds = 2_000;

    /// <summary>
    /// The text of <see cref="HistoryKind.AgentClosed"/> if the agent itself has ended, and not the one who had connected.
    /// </summary>
    public const string AgentDied = "the agent has ended";

    /// <summary>A message that was sent so shortly before the agent ended may be in its machine, unread.</summary>
    public const double UnreadMilliseconds = 50;

    /// <param name="entries">In ascending order of time, with the numbers of <see cref="FrameNumbering"/>.</param>
    public static IReadOnlyList<Violation> Check(IReadOnlyList<HistoryEntry> entries)
    {
        var found = new List<Violation>();
        CheckOwners(entries, found);
        CheckFrames(entries, found);
        CheckMessagesUp(entries, found);
        CheckMessagesDown(entries, found);
        CheckEvents(entries, found);
        CheckEpochs(entries, found);
        foreach (HistoryEntry reuse in entries.Where(e => e.Kind == HistoryKind.Reuse))
            found.Add(new Violation("index-reuse", reuse.Call, reuse.T, reuse.Text ?? ""));
        return [.. found.OrderBy(v => v.T)];
    }

    /// <summary>After the first frame of a newer connection, a caller hears no frame of an older connection of another owner.</summary>
    private static void CheckOwners(IReadOnlyList<HistoryEntry> entries, List<Violation> found)
    {
        var newest = new Dictionary<int, HistoryEntry>();
        var late = new Dictionary<(int Call, int Old), (HistoryEntry First, HistoryEntry After, int Frames)>();
        foreach (HistoryEntry heard in entries)
        {
            if (heard is not { Kind: HistoryKind.HeardDown, Call: { } call, Connection: { } connection }) continue;
            if (!newest.TryGetValue(call, out HistoryEntry? latest) || connection > latest.Connection)
            {
                newest[call] = heard;
                continue;
            }
            if (connection == latest.Connection || heard.Owner == latest.Owner) continue;
            (HistoryEntry first, HistoryEntry after, int frames) = late.GetValueOrDefault((call, connection), (heard, latest, 0));
            late[(call, connection)] = (first, after, frames + 1);
        }
        foreach (((int call, int _), (HistoryEntry first, HistoryEntry after, int frames)) in late)
            found.Add(new Violation("two-owners", call, first.T,
                $"{frames} frames of {first.Owner} were heard after a frame of its successor {after.Owner}"));
    }

    private static void CheckFrames(IReadOnlyList<HistoryEntry> entries, List<Violation> found)
    {
        var highest = new Dictionary<(int Call, int Connection), long>();
        foreach (HistoryEntry heard in entries)
        {
            if (heard is not { Kind: HistoryKind.HeardDown, Call: { } call, Connection: { } connection, Number: { } number }) continue;
            if (highest.TryGetValue((call, connection), out long before) && number <= before)
            {
                found.Add(new Violation("frame-twice", call, heard.T, $"frame {number} of {heard.Owner} was heard after frame {before}"));
                continue;
            }
            highest[(call, connection)] = number;
        }
    }

    /// <summary>
    /// Messages of a caller arrive once, and none is missing. What the agent's machine had when the agent died has died with it: it need
    /// not have read the last of them.
    /// </summary>
    private static void CheckMessagesUp(IReadOnlyList<HistoryEntry> entries, List<Violation> found)
    {
        Dictionary<int, double> ends = Ends(entries);
        foreach (IGrouping<int, HistoryEntry> call in entries.Where(e => e.Kind is HistoryKind.SentUp or HistoryKind.GotUp)
            .GroupBy(e => e.Call ?? 0))
        {
            var got = new Dictionary<long, HistoryEntry>();
            foreach (HistoryEntry message in call.Where(e => e.Kind == HistoryKind.GotUp))
            {
                if (!got.TryAdd(message.Number ?? 0, message))
                    found.Add(new Violation("message-twice", call.Key, message.T,
                        $"message {message.Number} of the caller came to the agent again"));
            }
            long last = got.Count == 0 ? -1 : got.Keys.Max();
            bool survives = !IsLost(entries, call.Key);
            double[] deaths = [.. entries.Where(e => e.Kind == HistoryKind.AgentClosed && e.Call == call.Key && e.Text == AgentDied)
                .Select(e => e.T)];
            foreach (HistoryEntry sent in call.Where(e => e.Kind == HistoryKind.SentUp && !got.ContainsKey(e.Number ?? 0)))
            {
                bool isHole = sent.Number < last;
                bool isOverdue = survives && sent.T < ends.GetValueOrDefault(call.Key, double.MaxValue) - UnderWayMilliseconds;
                bool hasDiedWithAgent = deaths.Any(death => Math.Abs(sent.T - death) < UnreadMilliseconds);
                if ((isHole || isOverdue) && !hasDiedWithAgent)
                    found.Add(new Violation("message-lost", call.Key, sent.T,
                        $"message {sent.Number} of the caller never came to the agent"));
            }
        }
    }

    /// <summary>
    /// Messages of one connection arrive in order and without a hole. What the agent had written into a connection when its owner died is
    /// the end of that connection and no hole.
    /// </summary>
    private static void CheckMessagesDown(IReadOnlyList<HistoryEntry> entries, List<Violation> found)
    {
        var expected = new Dictionary<(int Call, int Connection), long>();
        foreach (HistoryEntry message in entries)
        {
            if (message is not { Kind: HistoryKind.GotDown, Call: { } call, Connection: { } connection, Number: { } number }) continue;
            long next = expected.GetValueOrDefault((call, connection));
            if (number < next)
            {
                found.Add(new Violation("message-twice", call, message.T,
                    $"message {number} of the agent's connection {connection} came to the caller again"));
                continue;
            }
            if (number > next)
                found.Add(new Violation("message-lost", call, message.T,
                    $"messages {next} to {number - 1} of the agent's connection {connection} never came to the caller"));
            expected[(call, connection)] = number + 1;
        }
    }

    private static void CheckEvents(IReadOnlyList<HistoryEntry> entries, List<Violation> found)
    {
        var types = new Dictionary<string, string?>(StringComparer.Ordinal);
        var ended = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (HistoryEntry happened in entries)
        {
            if (happened is not { Kind: HistoryKind.Event, Id: { } id }) continue;
            // A broker may deliver an event again. It is then the same event.
            if (types.TryGetValue(id, out string? before))
            {
                if (before != happened.Text)
                    found.Add(new Violation(
                        "event-id", happened.Call, happened.T, $"two events have the id {id}: {before}, {happened.Text}"));
                continue;
            }
            types[id] = happened.Text;
            string session = id[..Math.Max(0, id.LastIndexOf('/'))];
            if (happened.Text != LifecycleEventTypes.SessionEnded) continue;
            if (!ended.TryAdd(session, id))
                found.Add(new Violation("event-twice", happened.Call, happened.T, $"{session} ended twice: {ended[session]}, {id}"));
        }
    }

    private static void CheckEpochs(IReadOnlyList<HistoryEntry> entries, List<Violation> found)
    {
        var latest = new Dictionary<long, HistoryEntry>();
        foreach (HistoryEntry slot in entries)
        {
            if (slot is not { Kind: HistoryKind.Slot, Number: { } number }) continue;
            if (latest.TryGetValue(number, out HistoryEntry? before))
            {
                if (slot.Epoch < before.Epoch)
                    found.Add(new Violation("epoch-back", null, slot.T,
                        $"the epoch of slot {number} went from {before.Epoch} back to {slot.Epoch}"));
                else if (slot.Epoch == before.Epoch && slot.Owner is not null && before.Owner is not null && slot.Owner != before.Owner)
                    found.Add(new Violation("epoch-shared", null, slot.T,
                        $"slot {number} has two owners in epoch {slot.Epoch}: {before.Owner}, {slot.Owner}"));
            }
            latest[number] = slot;
        }
    }

    /// <summary>True if the call ended before its caller hung up.</summary>
    public static bool IsLost(IEnumerable<HistoryEntry> entries, int call)
        => entries.Any(e => e.Kind == HistoryKind.CallEnd && e.Call == call && e.Id is null);

    private static Dictionary<int, double> Ends(IEnumerable<HistoryEntry> entries)
        => entries.Where(e => e is { Kind: HistoryKind.CallEnd, Call: not null }).GroupBy(e => e.Call!.Value)
            .ToDictionary(g => g.Key, g => g.Min(e => e.T));
}
