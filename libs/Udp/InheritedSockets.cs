using System.Globalization;
using Dapr.Voice.Native;

namespace Dapr.Voice.Udp;

/// <summary>
/// Sockets that the process which started this one keeps open (sd_listen_fds(3): systemd, podman, <c>./voice up</c>). While this process is
/// away, datagrams wait in the kernel, and connecting clients wait in the backlog and are not refused. That matters because Chromium tries
/// to connect only once.
/// </summary>
/// <param name="Datagram">Descriptors of UDP sockets.</param>
/// <param name="Stream">Descriptors of TCP sockets.</param>
/// <param name="Memory">The descriptor of a file in memory that outlives this process. Null if there is none.</param>
public sealed unsafe record InheritedSockets(IReadOnlyList<int> Datagram, IReadOnlyList<int> Stream, int? Memory)
{
    private const int FirstDescriptor = 3;
    private const int Maximum = 64;

    public static InheritedSockets None { get; } = new([], [], null);

    /// <param name="variable">Reads an environment variable.</param>
    /// <returns><see cref="None"/> if they were meant for another process.</returns>
    public static InheritedSockets Find(Func<string, string?> variable, int processId)
    {
        if (!int.TryParse(variable("LISTEN_PID"), NumberStyles.None, CultureInfo.InvariantCulture, out int owner) || owner != processId)
            return None;
        if (!int.TryParse(variable("LISTEN_FDS"), NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            || count is < 1 or > Maximum) return None;
        return Sort([.. Enumerable.Range(FirstDescriptor, count)]);
    }

    internal static InheritedSockets Sort(IReadOnlyList<int> descriptors)
    {
        var datagram = new List<int>();
        var stream = new List<int>();
        int? memory = null;
        foreach (int descriptor in descriptors)
        {
            int type = 0;
            uint length = sizeof(int);
            if (LibC.getsockopt(descriptor, LibC.SOL_SOCKET, LibC.SO_TYPE, &type, &length) != 0) memory ??= descriptor;
            else if (type == LibC.SOCK_DGRAM) datagram.Add(descriptor);
            else stream.Add(descriptor);
        }
        return new InheritedSockets(datagram, stream, memory);
    }
}
