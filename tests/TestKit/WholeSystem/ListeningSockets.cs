using System.Net;

namespace Dapr.Voice.TestKit.WholeSystem;

/// <summary>What the kernel says of TCP in a process's network (proc(5)).</summary>
public static class ListeningSockets
{
    private const string Listening = "0A";

    /// <summary>Where anybody in the network of this process listens.</summary>
    public static IReadOnlyList<(IPAddress Address, int Port)> Of(int pid)
    {
        var sockets = new List<(IPAddress, int)>();
        foreach (string family in new[] { "tcp", "tcp6" })
        {
            foreach (string line in File.ReadLines($"/proc/{pid}/net/{family}").Skip(1))
            {
                string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries), local = fields[1].Split(':');
                if (fields[3] != Listening) continue;
                // Words of four bytes, each as the machine has it.
                byte[] address = [.. local[0].Chunk(8).SelectMany(word => BitConverter.GetBytes(Convert.ToUInt32(new string(word), 16)))];
                sockets.Add((new IPAddress(address), Convert.ToInt32(local[1], 16)));
            }
        }
        return sockets;
    }
}
