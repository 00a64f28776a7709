using System.Globalization;
using System.Net;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapr.Voice.Infra.Bicep.Checking;

namespace Dapr.Voice.Infra.Bicep.Evaluation;

/// <summary>Functions that give strings, numbers and booleans.</summary>
internal static class TextFunctions
{
    /// <summary>utcNow() of every run of the reader: what it gives must not change from one run to the next.</summary>
    private static readonly DateTime NowStandIn = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private static readonly BicepType S = BicepType.Text, I = BicepType.Number, B = BicepType.Truth, Any = BicepType.Anything;

    private static readonly BicepType StringOrInt = new BicepType.Union([S, I]);

    private static readonly BicepType StringIntOrBool = new BicepType.Union([S, I, B]);

    private static readonly BicepType Scannable = new BicepType.Union([S, BicepType.List, BicepType.Map]);

    public static readonly IReadOnlyList<Function> All =
    [
        Make("base64", S, [S], c => c.String(Convert.ToBase64String(Encoding.UTF8.GetBytes(c.Text(0))))),
        Make("base64ToString", S, [S], c => c.String(FromBase64(c))),
        Make("base64ToJson", Any, [S], c => c.Evaluator.ParseJson(c.Where, FromBase64(c))),
        Make("bool", B, [Any], Bool),
        Make("dataUri", S, [Any], c => c.String("data:text/plain;charset=utf8;base64," + Convert.ToBase64String(Encoding.UTF8.GetBytes(Evaluator.Display(c[0]))))),
        Make("endsWith", B, [S, S], c => c.Boolean(c.Text(0).EndsWith(c.Text(1), StringComparison.OrdinalIgnoreCase))),
        Make("startsWith", B, [S, S], c => c.Boolean(c.Text(0).StartsWith(c.Text(1), StringComparison.OrdinalIgnoreCase))),
        FunctionTable.Make("format", S, [S, Any], Format, required: 1, variadic: true, seesRuntime: true),
        FunctionTable.Make("guid", S, [S], c => c.String(Guid(c)), variadic: true),
        FunctionTable.Make("uniqueString", S, [S], c => c.String(Unique(c)), variadic: true),
        FunctionTable.Make("newGuid", S, [], c => c.String("00000000-0000-4000-8000-000000000000")) with { OnlyInParameterDefault = true },
        FunctionTable.Make("utcNow", S, [S], UtcNow, required: 0) with { OnlyInParameterDefault = true },
        Make("int", I, [StringOrInt], c => c[0] switch
        {
            BicepInteger number => number,
            BicepNumber number => c.Integer((long)number.Value),
            BicepString text when long.TryParse(text.Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out long value) => c.Integer(value),
            BicepString text => throw c.Fail("BCP070", $"int() can't read '{text.Value}' as an integer."),
            _ => c.Integer(c.Number(0)),
        }),
        Make("string", S, [Any], c => c[0].IsKnown || c[0] is SymbolValue ? c.String(Evaluator.Display(c[0])) : c.Runtime(BicepTypeHint.String)),
        Make("json", Any, [S], c => c.Evaluator.ParseJson(c.Where, c.Text(0))),
        FunctionTable.Make("padLeft", S, [StringOrInt, I, S], PadLeft, required: 2),
        Make("replace", S, [S, S, S], c => c.Text(1).Length == 0
            ? throw c.Fail("BCP070", "replace() needs something to look for.")
            : c.Evaluator.Bounded(c.Where, c.Text(0).Length + (c.Text(0).AsSpan().Count(c.Text(1)) * (long)c.Text(2).Length), () => c.Text(0).Replace(c.Text(1), c.Text(2), StringComparison.Ordinal))),
        Make("split", new BicepType.Array(S), [S, new BicepType.Union([S, new BicepType.Array(S)])], Split),
        FunctionTable.Make("substring", S, [S, I, I], Substring, required: 2),
        Make("toLower", S, [S], c => c.String(c.Text(0).ToLowerInvariant())),
        Make("toUpper", S, [S], c => c.String(c.Text(0).ToUpperInvariant())),
        Make("trim", S, [S], c => c.String(c.Text(0).Trim())),
        Make("uriComponent", S, [S], c => c.String(Uri.EscapeDataString(c.Text(0)))),
        Make("uriComponentToString", S, [S], c => c.String(Uri.UnescapeDataString(c.Text(0)))),
        Make("uri", S, [S, S], c => Uri.TryCreate(c.Text(0), UriKind.Absolute, out var start) && Uri.TryCreate(start, c.Text(1), out var whole) ? c.String(whole.ToString()) : throw c.Fail("BCP070", "uri() needs an absolute URL and a relative one.")),
        Make("cidrSubnet", S, [S, I, I], CidrSubnet),
    ];

    private static Function Make(string name, BicepType result, BicepType[] parameters, Func<FunctionCall, BicepValue> evaluate) => FunctionTable.Make(name, result, parameters, evaluate);

    private static string FromBase64(FunctionCall c)
    {
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(c.Text(0)));
        }
        catch (FormatException)
        {
            throw c.Fail("BCP070", "This is no base64.");
        }
    }

    private static BicepValue Bool(FunctionCall c) => c[0] switch
    {
        BicepBoolean truth => truth,
        BicepInteger number => c.Boolean(number.Value != 0),
        BicepString text when bool.TryParse(text.Value, out bool value) => c.Boolean(value),
        BicepString { Value: "1" or "0" } text => c.Boolean(text.Value == "1"),
        _ => throw c.Fail("BCP070", "bool() reads 'true', 'false', '1', '0' and integers."),
    };

    private static BicepValue Format(FunctionCall c)
    {
        if (c[0] is not BicepString format || c.Arguments.Skip(1).Any(a => a is BicepRuntime or SymbolValue || !a.IsKnown)) return c.Runtime(BicepTypeHint.String);
        object?[] values = [.. c.Arguments.Skip(1).Select(Boxed)];
        try
        {
            string text = c.Evaluator.Bounded(c.Where, format.Value.Length + values.Sum(v => (long)(v?.ToString()?.Length ?? 0)), () => string.Format(CultureInfo.InvariantCulture, Narrow(c, format.Value), values)).Value;
            return c.Evaluator.Combine(c.String(text), c.Arguments);
        }
        catch (FormatException)
        {
            throw c.Fail("BCP234", "The format does not fit its arguments: {0} is the first one, braces are doubled.");
        }
    }

    /// <summary>An alignment such as {0,900000000} would fill the memory.</summary>
    private static string Narrow(FunctionCall c, string format)
    {
        for (int at = format.IndexOf(',', StringComparison.Ordinal); at >= 0; at = format.IndexOf(',', at + 1))
        {
            int end = at + 1;
            while (end < format.Length && (char.IsAsciiDigit(format[end]) || format[end] is '-' or ' ')) end++;
            if (end - at > 6) throw c.Fail(Syntax.Rules.Limit, "The alignment is too wide.");
        }
        for (int at = 0; at < format.Length; at++)
        {
            int end = at;
            while (end < format.Length && char.IsAsciiDigit(format[end])) end++;
            if (end - at > 4 && at > 0 && char.IsAsciiLetter(format[at - 1])) throw c.Fail(Syntax.Rules.Limit, "The precision is too wide.");
            at = Math.Max(at, end - 1);
        }
        return format;
    }

    private static object? Boxed(BicepValue value) => value switch
    {
        BicepString text => text.Value,
        BicepInteger number => number.Value,
        BicepNumber number => number.Value,
        BicepBoolean truth => truth.Value,
        BicepNull => null,
        _ => value.ToString(),
    };

    private static BicepValue PadLeft(FunctionCall c)
    {
        string text = c[0] is BicepInteger number ? number.Value.ToString(CultureInfo.InvariantCulture) : c.Text(0);
        long width = c.Number(1);
        string with = c.Count > 2 ? c.Text(2) : " ";
        if (with.Length != 1) throw c.Fail("BCP070", "padLeft() pads with one character.");
        if (width is < 0 or > Evaluator.MaximumString) throw c.Fail("BCP070", "padLeft() needs a width that is not negative and not huge.");
        return c.String(text.PadLeft((int)width, with[0]));
    }

    private static BicepValue Split(FunctionCall c)
    {
        string[] separators = c[1] is BicepString one ? [one.Value] : [.. c.Items(1).Select(i => i is BicepString s ? s.Value : throw c.Fail("BCP070", "split() splits at strings."))];
        return c.Array([.. c.Text(0).Split(separators, StringSplitOptions.None).Select(c.String)]);
    }

    private static BicepValue Substring(FunctionCall c)
    {
        string text = c.Text(0);
        long start = c.Number(1), length = c.Count > 2 ? c.Number(2) : text.Length - start;
        if (start < 0 || length < 0 || start > text.Length || length > text.Length - start) throw c.Fail("BCP070", $"substring() leaves the string of {text.Length} characters.");
        return c.String(text.Substring((int)start, (int)length));
    }

    private static BicepValue UtcNow(FunctionCall c)
    {
        try
        {
            return c.String(NowStandIn.ToString(c.Count > 0 ? c.Text(0) : "yyyyMMddTHHmmssZ", CultureInfo.InvariantCulture));
        }
        catch (FormatException)
        {
            throw c.Fail("BCP070", "utcNow() does not know this format.");
        }
    }

    private static string Joined(FunctionCall c, string separator) => string.Join(separator, Enumerable.Range(0, c.Count).Select(c.Text));

    /// <summary>13 characters of base 32 as ARM gives, but other ones: equal arguments give equal text, that is all that is promised.</summary>
    private static string Unique(FunctionCall c)
    {
        const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(Joined(c, "-")));
        return string.Create(13, hash, (text, bytes) =>
        {
            for (int i = 0; i < text.Length; i++) text[i] = Alphabet[bytes[i] & 31];
        });
    }

    /// <summary>A UUID of version 5 from the arguments; the real one differs.</summary>
    private static string Guid(FunctionCall c)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(Joined(c, "-")));
        hash[6] = (byte)((hash[6] & 0x0F) | 0x50);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash.AsSpan(0, 16), bigEndian: true).ToString();
    }

    private static BicepValue CidrSubnet(FunctionCall c)
    {
        if (!IPNetwork.TryParse(c.Text(0), out var network)) throw c.Fail("BCP070", $"'{c.Text(0)}' is no network in CIDR form.");
        long prefix = c.Number(1), index = c.Number(2);
        byte[] address = network.BaseAddress.GetAddressBytes();
        int bits = address.Length * 8;
        if (prefix < network.PrefixLength || prefix > bits) throw c.Fail("BCP070", $"The prefix must be between {network.PrefixLength} and {bits}.");
        if (index < 0 || BigInteger.Pow(2, (int)(prefix - network.PrefixLength)) <= index) throw c.Fail("BCP070", "There is no subnet of that number.");
        var value = new BigInteger(address, isUnsigned: true, isBigEndian: true) + (new BigInteger(index) << (int)(bits - prefix));
        byte[] digits = value.ToByteArray(isUnsigned: true, isBigEndian: true);
        digits.CopyTo(address.AsSpan(address.Length - digits.Length));
        address.AsSpan(0, address.Length - digits.Length).Clear();
        return c.String($"{new IPAddress(address)}/{prefix}");
    }
}
