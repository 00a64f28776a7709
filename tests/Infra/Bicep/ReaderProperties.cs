using System.Runtime.CompilerServices;
using System.Text;
using Dapr.Voice.Infra;
using Dapr.Voice.Infra.Bicep;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Infra.Bicep;

public sealed class ReaderProperties
{
    private const int Mutations = 600;

    private static readonly string[] Pieces =
        ["{", "}", "[", "]", "(", ")", "'", "'''", "${", "\n", ",", ":", "?", "??", ".?", "!", "=>", "...", "for x in ", "if (", "param p ", "var v = ", "resource r 'A/b@1' = ", "module m 'main.bicep' = ", "@secure()\n", "type t = ", "t?", "|", "-", "9223372036854775808", "null", "r.properties", "/*", "#disable-next-line x\n", "output o string = "];

    private static string Infra([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", "..", "infra", "bicep"));

    private static void ReadEverything(Func<string, byte[]?> read)
    {
        var program = BicepProgram.Load("main.bicep", read);
        var deployment = Deployment.Resolve(program, new Dictionary<string, object?>());
        Assert.All(deployment.Resources, r => Assert.NotNull(r.Body.ToString()));
    }

    [Fact]
    public void Load_AnyText_NeverThrows()
        => Prop.ForAll<string>(text => ReadEverything(path => path == "main.bicep" ? Encoding.UTF8.GetBytes(text ?? "") : null)).QuickCheckThrowOnFailure();

    [Fact]
    public void Load_AnyBytes_NeverThrows() => Prop.ForAll<byte[]>(bytes => ReadEverything(_ => bytes)).QuickCheckThrowOnFailure();

    [Fact]
    public void Load_AnyPieces_NeverThrows()
    {
        var texts = Gen.Elements(Pieces).ListOf().Select(pieces => string.Concat(pieces)).ToArbitrary();
        Prop.ForAll(texts, text => ReadEverything(path => path == "main.bicep" ? Encoding.UTF8.GetBytes(text) : null)).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Load_MutatedFilesOfOurs_NeverThrows()
    {
        var files = Directory.EnumerateFiles(Infra(), "*.bicep", SearchOption.AllDirectories).ToDictionary(f => Path.GetRelativePath(Infra(), f).Replace('\\', '/'), File.ReadAllText);
        string[] names = [.. files.Keys.Order()];
        var random = new Random(4);
        for (int i = 0; i < Mutations; i++)
        {
            string name = names[random.Next(names.Length)];
            string text = files[name];
            int at = random.Next(text.Length), length = Math.Min(random.Next(1, 40), text.Length - at);
            string mutated = random.Next(3) switch
            {
                0 => text.Remove(at, length),
                1 => text.Insert(at, Pieces[random.Next(Pieces.Length)]),
                _ => text.Remove(at, length).Insert(at, Pieces[random.Next(Pieces.Length)]),
            };
            // A module alone is enough but for every tenth, which is read from main on.
            string start = i % 10 == 0 ? "main.bicep" : name;
            var program = BicepProgram.Load(start, path => path == name ? Encoding.UTF8.GetBytes(mutated) : files.TryGetValue(path, out string? found) ? Encoding.UTF8.GetBytes(found) : null);
            Deployment.Resolve(program, new Dictionary<string, object?>());
        }
    }

    [Theory]
    [InlineData("var v = ", "(", "1", ")")]
    [InlineData("var v = ", "[", "1", "]")]
    [InlineData("var v = ", "!", "true", "")]
    [InlineData("var v = ", "'${", "1", "}'")]
    [InlineData("var v = ", "", "a", ".b")]
    [InlineData("var v = 1", "", "", " + 1")]
    [InlineData("var v = ", "true ? 1 : ", "2", "")]
    [InlineData("param p ", "{a: ", "int", "}")]
    [InlineData("param p int", "", "", "[]")]
    [InlineData("var v = ", "map([1], x => ", "x", ")")]
    public void Load_TooDeep_IsAFinding(string before, string open, string middle, string close)
    {
        string text = before + string.Concat(Enumerable.Repeat(open, 5_000)) + middle + string.Concat(Enumerable.Repeat(close, 5_000)) + "\n";
        Assert.Contains(Snippet.Findings(Snippet.Program(text)), f => f.Severity == Severity.Error);
    }

    [Fact]
    public void Load_LongChainOfVariables_EndsWithoutOverflow()
    {
        string text = "var v0 = 1\n" + string.Concat(Enumerable.Range(1, 5_000).Select(i => $"var v{i} = [v{i - 1}]\n")) + "output o array = v5000\n";
        Snippet.Findings(Snippet.Program(text)).ToList();
    }

    [Fact]
    public void Strings_WrittenAndRead_AreTheSame()
        => Prop.ForAll<NonNull<string>>(text =>
        {
            string clean = new([.. text.Get.Where(c => !char.IsSurrogate(c))]);
            string literal = "'" + clean.Replace("\\", "\\\\").Replace("'", "\\'").Replace("\n", "\\n").Replace("\r", "\\r").Replace("${", "\\${") + "'";
            var deployment = Snippet.Deploy($"output o string = {literal}\n");
            Assert.Equal(clean, Assert.IsType<BicepString>(deployment.Outputs[0].Value).Value);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void OurOwnFiles_HaveNoFindings() => Assert.Empty(BicepProgram.Load(Path.Combine(Infra(), "main.bicep")).Findings);
}
