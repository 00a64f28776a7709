using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;

namespace Dapr.Voice.Signaling.Http;

/// <summary>
/// A token bucket per client address, so that one caller can't take what others need. Per process, which is enough: it protects this process. Buckets
/// that are full again are forgotten.
/// </summary>
internal sealed class AddressLimiter : IDisposable
{
    private readonly int _trustedProxies;
    private readonly PartitionedRateLimiter<IPAddress>? _limiter;

    public AddressLimiter(SignalingOptions options)
    {
        _trustedProxies = options.TrustedProxies;
        if (options.RequestsPerSecondPerAddress == 0) return;
        _limiter = PartitionedRateLimiter.Create<IPAddress, IPAddress>(address => RateLimitPartition.GetTokenBucketLimiter(address, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = options.RequestBurstPerAddress,
            TokensPerPeriod = options.RequestsPerSecondPerAddress,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            QueueLimit = 0,
        }));
    }

    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (_limiter is null) return next(context);
        return TryEnter(Block(ClientOf(context)), out TimeSpan wait) ? next(context) : ApiError.TooManyRequests(wait).WriteAsync(context);
    }

    public void Dispose() => _limiter?.Dispose();

    private bool TryEnter(IPAddress block, out TimeSpan wait)
    {
        using RateLimitLease lease = _limiter!.AttemptAcquire(block);
        wait = lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan known) ? known : TimeSpan.FromSeconds(1);
        return lease.IsAcquired;
    }

    /// <summary>The caller as the outermost trusted proxy saw it. What a caller wrote into the header itself stands further left and counts for nothing.</summary>
    internal IPAddress ClientOf(HttpContext context)
    {
        IPAddress peer = context.Connection.RemoteIpAddress ?? IPAddress.None;
        if (_trustedProxies == 0) return peer;
        string[] hops = [.. context.Request.Headers["X-Forwarded-For"].SelectMany(value => (value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];
        if (hops.Length < _trustedProxies) return peer;
        string hop = hops[^_trustedProxies];
        // Some proxies add the port.
        return IPAddress.TryParse(hop, out IPAddress? address) ? address : IPEndPoint.TryParse(hop, out IPEndPoint? endPoint) ? endPoint.Address : peer;
    }

    /// <summary>An IPv6 subscriber has a whole /64.</summary>
    internal static IPAddress Block(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;
        byte[] bytes = address.GetAddressBytes();
        Array.Clear(bytes, 8, 8);
        return new(bytes);
    }
}
