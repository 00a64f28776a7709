using System.Net;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Cli.Commands;

/// <summary>Reads the arguments of <c>./voice up</c> that a service would refuse only after everything else has started.</summary>
internal static class UpArguments
{
    /// <exception cref="CommandFailedException">The text is no address that a caller can send to.</exception>
    public static IPAddress AddressOf(string given)
    {
        const string Example = "for example: --address 192.168.1.20, or --address 2001:db8::20";
        if (!IPAddress.TryParse(given.Trim('[', ']'), out IPAddress? address))
            throw new CommandFailedException($"'{given}' is no IP address", Example);
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) || address.IsIPv6Multicast)
            throw new CommandFailedException($"callers can't send to {address}", Example);
        // fe80::1 is another machine on each link, and a candidate has no room for the name of the link.
        return address.IsIPv6LinkLocal
            ? throw new CommandFailedException($"{address} is valid on one link alone, so callers can't use it", Example) : address;
    }

    // Kestrel takes a name that it does not know for every address of the machine, which nobody means.
    public static string HttpAddressOf(string given)
        => given is "localhost" or "*" ? given : IPAddress.TryParse(given.Trim('[', ']'), out IPAddress? address) ? address.ToString()
        : throw new CommandFailedException($"--http-address '{given}' is no IP address", "for example: --http-address 0.0.0.0");

    /// <summary>The rule of Fleet__Region, applied before anything starts.</summary>
    public static void CheckRegion(string region)
    {
        if (region.Length is < 1 or > 32 || !region.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            throw new CommandFailedException(
                $"--region '{region}' is no name of a region", "give 1 to 32 lower-case letters, digits and hyphens, such as westeurope");
    }

    public static string ComponentsIn(string folder)
    {
        string full = Path.GetFullPath(folder);
        if (!Directory.Exists(full)) throw new CommandFailedException($"there is no folder {full}", "give --components a folder with "
            + "Dapr's YAML files, for example components/local");
        // A folder above the right one is the usual mistake. The system would start without a store.
        string[] missing = [.. new[] { ComponentNames.Sessions, ComponentNames.Lifecycle, ComponentNames.Secrets }
            .Except(ComponentServers.NamesIn(full), StringComparer.Ordinal)];
        return missing.Length == 0 ? full : throw new CommandFailedException(
            $"{full} has no component {string.Join(", ", missing)}", "docs/components.md lists what the folder needs; components/local is "
            + "an example");
    }
}
