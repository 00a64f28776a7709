using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Steering;
using Dapr.Voice.Transceiver.Checkpoints;
using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Transceiver.Sessions;

namespace Dapr.Voice.Transceiver;

/// <summary>
/// The endpoints that signaling and operators call through Dapr invocation. The app token is checked before any of them runs.
/// </summary>
internal static class InternalEndpoints
{
    /// <summary>The largest record accepted. A record has fewer than 30,000 characters.</summary>
    public const int MaximumRecordBytes = 64 * 1024;

    private static readonly JsonNamingPolicy Words = JsonNamingPolicy.SnakeCaseLower;

    public static void MapInternal(this IEndpointRouteBuilder endpoints)
    {
        RouteGroupBuilder group = endpoints.MapGroup("/internal/v1").RequireAppApiToken();
        group.MapPost("/sessions", PushAsync);
        group.MapGet("/sessions/{callId}", GetAsync);
        group.MapDelete("/sessions/{callId}", EndAsync);
        group.MapPost("/sessions/{callId}/ice-restart", RestartIceAsync);
        group.MapPost("/handover/{step}", HandOverAsync);
        group.MapPost("/drain", Drain);
        group.MapGet("/stats", Statistics);
    }

    private static async Task<IResult> PushAsync(HttpRequest request, TransceiverHost host, CancellationToken cancellation)
    {
        if (host.Runtime is not { } runtime) return NotReady();
        if (request.ContentLength is > MaximumRecordBytes) return ApiError.TooLarge(MaximumRecordBytes);
        SessionRecord? record;
        try
        {
            // A body without a length is bounded by the server's own limit.
            record = await JsonSerializer.DeserializeAsync(request.Body, ContractsJson.Default.SessionRecord, cancellation);
        }
        catch (JsonException)
        {
            record = null;
        }
        if (record is null) return ApiError.Invalid("bad_record", "The body is no session record.");
        return runtime.Admit(record) switch
        {
            AdmissionOutcome.Admitted => Results.Created($"/internal/v1/sessions/{record.CallId}", null),
            // The session was pushed twice, or its first packet came first. Both mean success.
            AdmissionOutcome.Exists => Results.Created($"/internal/v1/sessions/{record.CallId}", null),
            AdmissionOutcome.NotOwner => ApiError.Conflict("not_owner", "The session's slot belongs to another transceiver."),
            AdmissionOutcome.Ended => ApiError.Conflict("session_ended", "The session has ended."),
            AdmissionOutcome.BadRecord => ApiError.Invalid("bad_record", "The record contradicts itself or is not for this fleet."),
            _ => Busy("not_admitting", "The transceiver takes no sessions now."),
        };
    }

    /// <param name="record"><c>missing</c>: the store has no record of the session. If it lives here, the record is written again.</param>
    private static async Task<IResult> GetAsync(string callId, string? record, TransceiverHost host, CancellationToken cancellation)
    {
        if (host.Runtime is not { } runtime) return NotReady();
        if (!TryReadId(callId, out SessionId id)) return NotFound();
        try
        {
            SessionRecord? found = await runtime.FindAsync(id, cancellation);
            if (found is null || found.CallId != callId) return NotFound();
            if (record == "missing") runtime.RestoreRecord(found);
            return Results.Json(found, ContractsJson.Default.SessionRecord);
        }
        catch (TimeoutException)
        {
            return Overloaded();
        }
    }

    private static async Task<IResult> RestartIceAsync(
        string callId, HttpRequest request, TransceiverHost host, CancellationToken cancellation)
    {
        if (host.Runtime is not { } runtime) return NotReady();
        if (request.ContentLength is > MaximumRecordBytes) return ApiError.TooLarge(MaximumRecordBytes);
        if (!TryReadId(callId, out SessionId id)) return NotFound();
        try
        {
            IceRestart? restart = await JsonSerializer.DeserializeAsync(request.Body, ContractsJson.Default.IceRestart, cancellation);
            string? ufrag = restart is null ? null : await runtime.RestartIceAsync(id, callId, restart, cancellation);
            return ufrag is null ? NotFound() : Results.Json(new IceRestarted(ufrag), ContractsJson.Default.IceRestarted);
        }
        catch (JsonException)
        {
            return ApiError.Invalid("bad_restart", "The body is no ICE restart.");
        }
        catch (TimeoutException)
        {
            return Overloaded();
        }
    }

    private static async Task<IResult> EndAsync(string callId, string? reason, TransceiverHost host, CancellationToken cancellation)
    {
        if (host.Runtime is not { } runtime) return NotReady();
        SessionEndReason asked = SessionEndReason.ApiHangup;
        if (reason is not null && !TryReadReason(reason, out asked))
            return ApiError.Invalid("bad_reason", $"'reason' should be one of {string.Join(", ", ReasonWords())}.", "reason");
        try
        {
            return TryReadId(callId, out SessionId id) && await runtime.TryEndAsync(id, asked, cancellation) ? Results.Accepted()
                : NotFound();
        }
        catch (TimeoutException)
        {
            return Overloaded();
        }
    }

    /// <summary>One step of another transceiver that hands its sessions over to this one.</summary>
    private static async Task<IResult> HandOverAsync(
        string step, HttpRequest request, TransceiverHost host, CancellationToken cancellation)
    {
        if (host.Runtime is not { } runtime) return NotReady();
        HandOverRequest? asked;
        try
        {
            asked = await JsonSerializer.DeserializeAsync(request.Body, ContractsJson.Default.HandOverRequest, cancellation);
        }
        catch (JsonException)
        {
            asked = null;
        }
        if (asked is not { Slots: not null, Sessions: not null }) return ApiError.Invalid("bad_handover", "The body is no hand-over.");
        HandOverAnswer? answer;
        switch (step)
        {
            case "prepare": answer = runtime.Receiver.Prepare(); break;
            case "announce": answer = await runtime.Receiver.AnnounceAsync(asked); break;
            case "state": answer = runtime.Receiver.Stage(asked); break;
            case "commit": answer = runtime.Receiver.Commit(asked); break;
            default: return ApiError.NotFound("unknown_step", "A hand-over has the steps prepare, announce, state and commit.");
        }
        return answer is null ? Busy("not_admitting", "The transceiver takes no sessions now.")
            : Results.Json(answer, ContractsJson.Default.HandOverAnswer);
    }

    /// <summary>Starts to drain. The process goes on until the platform stops it.</summary>
    private static IResult Drain(TransceiverHost host)
    {
        if (host.Runtime is not { } runtime) return NotReady();
        _ = runtime.DrainAsync();
        return Results.Accepted();
    }

    private static IResult Statistics(TransceiverHost host, TransceiverOptions options)
    {
        if (host.Runtime is not { } runtime) return NotReady();
        var statistics = new TransceiverStatistics
        {
            Shard = options.Shard,
            Sessions = runtime.Directory.Living,
            Unproven = runtime.Unproven.Count,
            UnprovenEvicted = runtime.Unproven.Evicted,
            UnprovenUnwatched = runtime.Unproven.Unwatched,
            Capacity = runtime.Directory.Capacity,
            IsAdmitting = runtime.IsAdmitting,
            Slots = runtime.ServedSlots,
            SlotsLost = runtime.Keeper.SlotsLost,
            LatenessMs = new(runtime.LatenessMilliseconds(0.5), runtime.LatenessMilliseconds(0.99), runtime.FramesScheduled),
            Connected = runtime.Directory.Connected,
            Refused = runtime.Directory.Refused,
            Resumed = runtime.Directory.Resumed,
            Lost = runtime.Directory.Lost,
            HandedOver = runtime.Directory.HandedOver,
            Checkpoints = Count<CheckpointOutcome>(runtime.Checkpoints.Count),
            Ended = Count<SessionEndReason>(runtime.Directory.EndedFor),
            Dropped = Count<SessionDrop>(reason => runtime.Workers.Sum(w => w.Counters.Drops[reason])),
            LinkDropped = Count<LinkDrop>(reason => runtime.Workers.Sum(w => w.LinkDrops[reason])),
            LinkClosed = runtime.Workers.SelectMany(w => w.LinkCloses).GroupBy(c => c.Key, StringComparer.Ordinal)
                .Select(g => (Word: Words.ConvertName(g.Key), Count: g.Sum(c => c.Value)))
                .Where(c => c.Count > 0).ToDictionary(c => c.Word, c => c.Count),
            OpusCodec = options.Codec.Name,
            PacketsIn = runtime.Workers.Sum(w => w.Counters.PacketsIn),
            PacketsOut = runtime.Workers.Sum(w => w.Counters.PacketsOut),
            Faults = runtime.Workers.Sum(w => w.Counters.SessionFaults + w.Counters.LoopFaults),
            ReportsPending = runtime.PendingReports,
            ReportsLost = runtime.LostReports,
            Links = [.. runtime.Workers.Select(w => new TransceiverStatistics.LinkView(
                w.Endpoint.ToString(), w.LinksUp, w.LinkCounters.Received, w.LinkCounters.Sent))],
        };
        return Results.Json(statistics, TransceiverJson.Default.TransceiverStatistics);
    }

    private static Dictionary<string, long> Count<TReason>(Func<TReason, long> count) where TReason : struct, Enum
        => Enum.GetValues<TReason>().Select(reason => (Word: Words.ConvertName(reason.ToString()), Count: count(reason)))
            .Where(c => c.Count > 0).ToDictionary(c => c.Word, c => c.Count);

    private static bool TryReadId(string callId, out SessionId id)
    {
        id = default;
        return CallId.TryParse(callId, out _, out string text) && SessionId.TryParse(text, out id);
    }

    private static IEnumerable<string> ReasonWords()
        => Enum.GetValues<SessionEndReason>().Where(reason => reason != SessionEndReason.None)
        .Select(reason => Words.ConvertName(reason.ToString()));

    private static bool TryReadReason(string word, out SessionEndReason reason)
    {
        foreach (SessionEndReason known in Enum.GetValues<SessionEndReason>())
        {
            if (known == SessionEndReason.None || Words.ConvertName(known.ToString()) != word) continue;
            reason = known;
            return true;
        }
        reason = default;
        return false;
    }

    private static ApiError NotReady() => Busy("not_ready", "The transceiver is starting.");

    private static ApiError Overloaded() => Busy("overloaded", "The worker did not answer in time.");

    private static ApiError NotFound() => ApiError.NotFound("unknown_session", "No such session here.");

    private static ApiError Busy(string code, string message) => ApiError.Unavailable(code, message, TimeSpan.FromSeconds(1));
}
