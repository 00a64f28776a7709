using System.Security.Cryptography;
using System.Text;
using Dapr.Voice.Hosting;
using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.Succession;

/// <summary>
/// What a relay leaves to the process that follows it, in a file in memory that the supervisor keeps open: the fleet's keys and the link
/// targets. So the next process asks nobody before it serves. The file also has the lock that says which of several processes is the relay:
/// the kernel releases it when its holder dies. The file is as secret as the memory of the process. Any thread may write.
/// </summary>
internal sealed class Legacy : IDisposable
{
    private const string Magic = "voice-relay-1\n";
    private const string TargetLine = "target ";

    /// <summary>More than the keys and the targets of the largest fleet need.</summary>
    private const int MaximumBytes = 256 * 1024;

    private readonly InheritedMemory? _memory;
    private readonly Lock _lock = new();
    // Guarded by the lock.
    private FleetKeys? _keys;
    private IReadOnlyList<LinkTarget> _targets = [];

    private Legacy(InheritedMemory? memory) => _memory = memory;

    /// <param name="descriptor">The inherited file. Null if there is none: then this process is the relay, and leaves nothing.</param>
    public static Legacy Open(int? descriptor) => new(descriptor is { } number ? InheritedMemory.Open(number) : null);

    /// <summary>Tries to become the relay.</summary>
    public bool TrySucceed() => _memory is null || _memory.TryLock();

    /// <summary>Waits until the present relay is gone, and becomes the relay.</summary>
    public void Succeed() => _memory?.Lock();

    /// <summary>Reads what the last relay left. Null if it left nothing usable.</summary>
    public (FleetKeys Keys, IReadOnlyList<LinkTarget> Targets)? Read(FleetSecrets needed)
    {
        if (_memory is null) return null;
        byte[] bytes = _memory.Read(MaximumBytes);
        if (bytes.Length <= SHA256.HashSizeInBytes) return null;
        // A process that dies while it writes leaves half of it.
        ReadOnlySpan<byte> content = bytes.AsSpan(SHA256.HashSizeInBytes);
        if (!SHA256.HashData(content).AsSpan().SequenceEqual(bytes.AsSpan(0, SHA256.HashSizeInBytes))) return null;
        string text = Encoding.UTF8.GetString(content);
        if (!text.StartsWith(Magic, StringComparison.Ordinal)) return null;
        ILookup<bool, string> lines = text[Magic.Length..].Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .ToLookup(line => line.StartsWith(TargetLine, StringComparison.Ordinal));
        var keys = FleetKeys.Import(string.Join('\n', lines[false]), needed);
        return keys is null ? null : (keys, [.. lines[true].Select(line => Target(line[TargetLine.Length..])).OfType<LinkTarget>()]);
    }

    public void Leave(FleetKeys keys)
    {
        lock (_lock)
        {
            _keys = keys;
            Write();
        }
    }

    public void Leave(IReadOnlyList<LinkTarget> targets)
    {
        lock (_lock)
        {
            _targets = targets;
            Write();
        }
    }

    public void Dispose() => _memory?.Dispose();

    private static LinkTarget? Target(string text)
        => LinkEndpoint.TryParse(text, out LinkEndpoint? endpoint, out _) && endpoint.TryGetAddress(out TransportAddress address)
            ? new LinkTarget(endpoint.Scheme, address) : null;

    private void Write()
    {
        if (_memory is null || _keys is null) return;
        byte[] content = Encoding.UTF8.GetBytes(
            Magic + _keys.Export() + string.Concat(_targets.Select(target => $"{TargetLine}{target}\n")));
        if (content.Length <= MaximumBytes - SHA256.HashSizeInBytes) _memory.Write([.. SHA256.HashData(content), .. content]);
    }
}
