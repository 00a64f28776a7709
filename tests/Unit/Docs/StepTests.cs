using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dapr.Voice.TestKit.Documents;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Docs;

/// <summary>
/// Every code block of every document is known to a test. Shell blocks are steps: those that need no cloud run in
/// <c>tests/Integration/Documents</c>; here all of them, and the commands within sentences, are checked for their form.
/// </summary>
public sealed partial class StepTests
{
    // Drawings and formats; nothing that a reader would type.
    private const string Drawing = "text";

    private static readonly string[] Languages = ["sh", "console", "json", "js", "html", Drawing];

    private static readonly string[] Programs =
    [
        "./voice", "az", "azd", "azurite", "bash", "cat", "cd", "chmod", "cp", "curl", "docker", "dotnet", "echo", "eval", "exec", "export",
            "for", "done", "do", "git", "grep", "head", "kill", "mktemp",
        "node", "npm", "openssl", "printf", "ps", "python3", "sed", "shred", "sort", "ss", "sudo", "tail", "tee", "tr", "umask",
    ];

    /// <summary>
    /// Subcommands of the two CLIs that our documents may use. Look a new one up in the CLI's own help before you add it.
    /// </summary>
    private static readonly string[] AzureCommands =
    [
        "az account show", "az acr build", "az acr repository show-tags", "az ad signed-in-user show", "az afd custom-domain list",
        "az afd origin update", "az bicep build", "az consumption usage list", "az containerapp dapr enable", "az containerapp delete",
        "az containerapp env list-usages", "az containerapp env show", "az containerapp exec", "az containerapp hostname list",
        "az containerapp identity assign", "az containerapp list", "az containerapp logs show", "az containerapp revision activate",
        "az containerapp revision deactivate", "az containerapp revision list", "az containerapp revision restart",
        "az containerapp show", "az containerapp update", "az deployment sub show", "az group delete", "az group list",
        "az keyvault list", "az keyvault list-deleted", "az keyvault purge", "az keyvault secret set", "az keyvault secret show",
        "az keyvault update", "az login", "az monitor app-insights query", "az network lb address-pool address update",
        "az network lb delete", "az network lb show", "az network nsg create", "az network nsg delete", "az network nsg rule create",
        "az network public-ip delete", "az network vnet subnet update", "az provider register", "az provider show", "az quota",
        "az role assignment list", "az servicebus namespace list", "az servicebus topic show", "az servicebus topic subscription delete",
        "az servicebus topic subscription list", "az servicebus topic subscription show", "az storage account list",
        "az storage account update", "az storage entity query", "az version", "az vm list-usage", "az vm run-command invoke",
        "az vmss delete", "az vmss list-instances", "azd auth login", "azd deploy", "azd down", "azd env get-value", "azd env get-values",
        "azd env new", "azd env refresh", "azd env set", "azd monitor", "azd pipeline config", "azd provision", "azd publish", "azd show",
        "azd up",
    ];

    public static TheoryData<string> Pages() => [.. Repository.Documents];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_EachBlock_IsKnownToATest(string page)
    {
        IReadOnlyList<DocumentBlock> blocks = DocumentBlock.Read(Repository.Read(page));
        var runs = new HashSet<string>(StringComparer.Ordinal);
        foreach (DocumentBlock block in blocks)
        {
            string where = $"{page}:{block.Line}";
            Assert.True(Languages.Contains(block.Language, StringComparer.Ordinal),
                $"{where}: write one of {string.Join(", ", Languages)} behind the fence, not '{block.Language}'");
            if (block.Language == "sh")
            {
                Assert.True(block.Step is { Kind: not StepKind.Prints },
                    $"{where}: a shell block needs a marker before it: <!-- STEP name: run -->");
                Assert.True(runs.Add(block.Step!.Name), $"{where}: step {block.Step.Name} is there twice");
            }
            else if (block.Language == "console")
            {
                Assert.True(block.Step is { Kind: StepKind.Prints } && runs.Contains(block.Step.Name),
                    $"{where}: output needs a marker that names the step above it: <!-- STEP name: prints -->");
            }
            else
            {
                Assert.True(block.Step is null, $"{where}: only sh and console are steps");
            }
            if (block.Language == Drawing) Assert.DoesNotMatch(Typed(), block.Text);
        }
    }

    // An indented block has no language and no marker, so nobody would look at it.
    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_IndentedBlocks_AreFencedInstead(string page)
    {
        string[] lines = Fence().Replace(Repository.Read(page), "").Split('\n');
        string last = "";
        for (int i = 1; i < lines.Length; i++)
        {
            bool isBlock = lines[i - 1].Length == 0 && lines[i].StartsWith("    ", StringComparison.Ordinal) && !ListItem().IsMatch(last)
                && !last.StartsWith(' ');
            Assert.False(isBlock, $"{page}: fence this block: {lines[i].Trim()}");
            if (lines[i].Length > 0) last = lines[i];
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_ShellBlocks_CallKnownProgramsWithFilesThatExist(string page)
    {
        foreach (DocumentBlock block in DocumentBlock.Read(Repository.Read(page)).Where(block => block.Language == "sh"))
        {
            var functions = FunctionName().Matches(block.Text).Select(match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
            foreach (Match command in FirstWord().Matches(Joined(block.Text)))
            {
                string word = command.Groups[1].Value;
                Assert.True(Programs.Contains(word, StringComparer.Ordinal) || functions.Contains(word),
                    $"{page}:{block.Line}: '{word}' is no program that a reader has");
            }
            foreach (Match file in RepositoryFile().Matches(block.Text))
                Assert.True(Path.Exists(Path.Combine(Repository.Root, file.Value)), $"{page}:{block.Line}: {file.Value} does not exist");
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_CloudCommands_Exist(string page)
    {
        string text = Repository.Read(page);
        IEnumerable<string> code = InlineCode().Matches(text).Select(match => match.Groups[1].Value)
            .Concat(DocumentBlock.Read(text).Where(block => block.Language == "sh").Select(block => block.Text));
        foreach (Match command in code.SelectMany(part => CloudCommand().Matches(part)))
        {
            string[] words = [.. command.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
            Assert.True(
                AzureCommands.Any(known => known.Split(' ') is var parts && words.Length >= parts.Length
                && parts.SequenceEqual(words[..parts.Length], StringComparer.Ordinal)),
                $"{page}: there is no '{command.Value}'");
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_Json_Parses(string page)
    {
        foreach (DocumentBlock block in DocumentBlock.Read(Repository.Read(page)).Where(block => block.Language == "json"))
            JsonDocument.Parse(block.Text).Dispose();
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_JavaScript_IsWellFormedAndImportsWhatThePackageExports(string page)
    {
        foreach (DocumentBlock block in DocumentBlock.Read(Repository.Read(page)).Where(block => block.Language == "js"))
        {
            string file = Path.Combine(Path.GetTempPath(), $"voice-docs-{Guid.NewGuid():n}.mjs");
            File.WriteAllText(file, block.Text);
            try
            {
                using Process node = Process.Start(
                    new ProcessStartInfo("node", ["--check", file]) { RedirectStandardError = true, UseShellExecute = false })!;
                string error = node.StandardError.ReadToEnd();
                node.WaitForExit();
                Assert.True(node.ExitCode == 0, $"{page}:{block.Line}: {error}");
            }
            finally
            {
                File.Delete(file);
            }
            string bundle = File.ReadAllText(
                Directory.GetFiles(Path.Combine(Repository.Root, "web", "vendor", "openai-agents-realtime-0.20.0"), "*.js").Single());
            foreach (Match import in Import().Matches(block.Text))
            {
                Assert.Equal("@openai/agents-realtime", import.Groups[2].Value);
                foreach (string name in import.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries))
                    Assert.Contains($".{name}", bundle, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_Html_HasTheElementsThatItsScriptLooksFor(string page)
    {
        IReadOnlyList<DocumentBlock> blocks = DocumentBlock.Read(Repository.Read(page));
        string html = string.Join('\n', blocks.Where(block => block.Language == "html").Select(block => block.Text));
        if (html.Length == 0) return;
        Assert.StartsWith("<!doctype html>", html, StringComparison.Ordinal);
        string[] wanted = [.. blocks.Where(block => block.Language == "js")
            .SelectMany(block => ElementId().Matches(block.Text)).Select(match => match.Groups[1].Value)];
        Assert.NotEmpty(wanted);
        Assert.All(wanted, id => Assert.Contains($"id=\"{id}\"", html, StringComparison.Ordinal));
        // The script of the page is the file that the bundler of the same page writes.
        string shell = string.Join('\n', blocks.Where(block => block.Language == "sh").Select(block => block.Text));
        Assert.All(ScriptFile().Matches(html).Select(match => match.Groups[1].Value),
            file => Assert.Contains($"--outfile={file}", shell, StringComparison.Ordinal));
    }

    [Fact]
    public void Blocks_MarkersAndOutput_AreReadAsDescribed()
    {
        DocumentBlock block = Assert.Single(
            DocumentBlock.Read("Text.\n\n<!-- STEP up: run until \"Stop it\" -->\n```sh\n./voice up\n```\n"));
        Assert.Equal((4, "sh", "./voice up", new DocumentStep("up", StepKind.RunUntil, "Stop it")),
            (block.Line, block.Language, block.Text, block.Step));
        Assert.Throws<FormatException>(() => DocumentBlock.Read("<!-- STEP up: perhaps -->\n```sh\nx\n```"));
        Assert.Throws<FormatException>(() => DocumentBlock.Read("<!-- STEP up: run -->\nText\n```sh\nx\n```"));
        Assert.Null(ExpectedOutput.Difference("call …: answered\n  ICE 82 ms\n…\n─ end", "call rtc_1: answered\n  ICE 120.5 ms\nmore\nand "
            + "more\n──── end\n"));
        Assert.Contains("ICE 82 ms", ExpectedOutput.Difference("a\n  ICE 82 ms", "a\n  ICE failed"), StringComparison.Ordinal);
        Assert.NotNull(ExpectedOutput.Difference("a", "a\nb"));
    }

    /// <summary>Continued lines in one.</summary>
    private static string Joined(string text) => text.Replace("\\\n", " ", StringComparison.Ordinal);

    [GeneratedRegex(@"^\s*(?:\$ )?(?:\./voice|curl|azd?|dotnet|git) ", RegexOptions.Multiline)]
    private static partial Regex Typed();

    [GeneratedRegex(@"^\s*(?:export )?(?:\w+=\$\()?((?!\w+=|#|\w+\(\)|[{}])[^\s#()]+)", RegexOptions.Multiline)]
    private static partial Regex FirstWord();

    [GeneratedRegex(@"^(\w+)\(\)", RegexOptions.Multiline)]
    private static partial Regex FunctionName();

    [GeneratedRegex(@"(?<![\w./-])(?:samples|components|infra|tools|tests|docs)/[\w./-]+")]
    private static partial Regex RepositoryFile();

    [GeneratedRegex("`([^`\n]+)`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"^\s*```.*?^\s*```\s*$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"^(?:[-*]|\d+\.) ")]
    private static partial Regex ListItem();

    [GeneratedRegex(@"(?<=^|\$\(|[;&|] ?|\{ )(?:azd|az) [a-z][a-z-]+(?: [a-z][a-z-]+)*(?![\w=/.-])", RegexOptions.Multiline)]
    private static partial Regex CloudCommand();

    [GeneratedRegex(@"querySelector\('#([\w-]+)'\)")]
    private static partial Regex ElementId();

    [GeneratedRegex("<script[^>]* src=\"([^\"]+)\"")]
    private static partial Regex ScriptFile();

    [GeneratedRegex(@"import \{ ([^}]+) \} from '([^']+)'")]
    private static partial Regex Import();
}
