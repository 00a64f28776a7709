using System.Net;

namespace Dapr.Voice.TestKit.WholeSystem;

/// <summary>The listening TCP sockets of a process's network, as the kernel lists them (proc(5)).</summary>
public static class ListeningSockets
{
    private const string Listening = "0A";

    /// <summary>Returns the addresses that any process in the network of this process listens on.</summary>
    public static IReadOnlyList<(IPAddress Address, int Port)> Of(int pid)
    {
        var sockets = new List<(IPAddress, int)>();
        foreach (string family in new[] { "tcp", "tcp6" })
        {
            foreach (string line in File.ReadLines($"/proc/{pid}/net/{family}").Skip(1))
            {
                string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries), local = fields[1].Split(':');
                if (fields[3] != Listening) continue;
                // An address consists of words of four bytes in the byte order of the machine.
                byte[] address = [.. local[0].Chunk(8).SelectMany(word => BitConverter.GetBytes(Convert.ToUInt32(new string(word), 16)))];
                sockets.Add((new IPAddress(address), Convert.ToInt32(local[1], 16)));
            }
        }
        return sockets;
    }
}
