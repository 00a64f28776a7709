using System.Net;
using System.Threading.RateLimiting;
using Dapr.Voice.Hosting;

namespace Dapr.Voice.Signaling.Http;

/// <summary>Who wants to start a call, for <see cref="CallLimits"/>.</summary>
/// <param name="Key">Names the key or the app. It is no secret.</param>
/// <param name="Address">The block of addresses that the caller comes from. Empty for an app, which comes by its sidecar.</param>
internal readonly record struct CallSource(string Key, string Address)
{
    public static CallSource OfKey(string key, HttpContext context)
        => new(key, PublicApi.Block(context.Connection.RemoteIpAddress ?? IPAddress.None).ToString());

    /// <param name="appId">The app that the sidecar names.</param>
    public static CallSource OfApp(string appId) => new("app:" + appId, "");
}

/// <summary>
/// How many calls one caller may start. A call writes a record into the store before its first packet, and an owner keeps it for
/// 15 s, so a caller without packets must not start as many as it likes. There are three limits, and a call needs room in each of them:
/// one for a key together with an address, and larger ones for the key at all addresses and for the address with all keys. So somebody who
/// floods with one key from one address stops neither the same key at another address nor another key at the same address.
/// Each process has its own limits (docs/decisions/0025).
/// </summary>
internal sealed class CallLimits : IDisposable
{
    /// <summary>A key or an address alone may start this many times as many calls as both together.</summary>
    public const int CallersPerKeyOrAddress = 4;

    private readonly SignalingMetrics _metrics;
    private readonly PartitionedRateLimiter<CallSource>? _callers, _keys, _addresses;

    public CallLimits(SignalingOptions options, SignalingMetrics metrics)
    {
        _metrics = metrics;
        if (options.CallsPerSecondPerCaller == 0) return;
        _callers = Limiter(source => source, options, 1);
        _keys = Limiter(source => source.Key, options, CallersPerKeyOrAddress);
        _addresses = Limiter(source => source.Address, options, CallersPerKeyOrAddress);
    }

    /// <summary>Counts one call of this source. Any thread.</summary>
    /// <returns>The error for a caller who is over a limit, or null.</returns>
    public ApiError? TryTake(CallSource source)
    {
        // The first limit is the smallest. A caller whom it refuses takes nothing from the other two, which others share.
        bool isApp = source.Address.Length == 0;
        return (isApp ? null : Refusal(_callers, source, "caller", "calls with this key from this address"))
            ?? Refusal(_keys, source, isApp ? "app" : "key", isApp ? "calls of this app" : "calls with this key")
            ?? (isApp ? null : Refusal(_addresses, source, "address", "calls from this address"));
    }

    public void Dispose()
    {
        _callers?.Dispose();
        _keys?.Dispose();
        _addresses?.Dispose();
    }

    private static PartitionedRateLimiter<CallSource> Limiter<TKey>(Func<CallSource, TKey> key, SignalingOptions options, int times)
        where TKey : notnull
        => PartitionedRateLimiter.Create<CallSource, TKey>(source => RateLimitPartition.GetTokenBucketLimiter(key(source),
            _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = options.CallBurstPerCaller * times,
                TokensPerPeriod = options.CallsPerSecondPerCaller * times,
                ReplenishmentPeriod = TimeSpan.FromSeconds(1),
                QueueLimit = 0,
            }));

    private ApiError? Refusal(PartitionedRateLimiter<CallSource>? limiter, CallSource source, string limit, string what)
    {
        if (limiter is null) return null;
        using RateLimitLease lease = limiter.AttemptAcquire(source);
        if (lease.IsAcquired) return null;
        _metrics.CallRefusals.Add(1, new KeyValuePair<string, object?>("limit", limit));
        return ApiError.TooManyRequests(what, PublicApi.WaitOf(lease));
    }
}
