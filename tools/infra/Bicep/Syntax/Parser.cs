namespace Dapr.Voice.Infra.Bicep.Syntax;

/// <summary>
/// Recursive descent over the tokens of one file. An error ends the smallest construct around it (an item, a property, a declaration), the rest of the file is
/// read all the same. Where Bicep takes line ends, and where it takes object and array literals, is as in its own parser.
/// </summary>
internal sealed class Parser
{
    /// <summary>How deep an expression or type may nest: hand-written files stay below 20, and 150 levels of every walker fit any thread's stack.</summary>
    public const int MaximumDepth = 150;

    /// <summary>After so many syntax errors the file is not worth reading on.</summary>
    public const int MaximumErrors = 100;

    private static readonly HashSet<string> Unsupported = ["assert", "extension", "provider", "using", "extends"];

    private readonly List<Token> _tokens;
    private readonly List<Finding> _findings;
    private int _at;
    private int _nesting;

    private Parser(List<Token> tokens, List<Finding> findings)
    {
        _tokens = tokens;
        _findings = findings;
    }

    private sealed class SyntaxErrorException : Exception;

    public static IReadOnlyList<Declaration> Read(List<Token> tokens, List<Finding> findings) => new Parser(tokens, findings).ReadFile();

    // ---- tokens ----

    private Token Current => _tokens[_at];

    private Token Ahead(int count) => _tokens[Math.Min(_at + count, _tokens.Count - 1)];

    private bool Is(TokenKind kind) => Current.Kind == kind;

    private bool IsWord(string word) => Current.Kind == TokenKind.Identifier && Current.Text == word;

    private Token Take()
    {
        var token = Current;
        if (_at < _tokens.Count - 1) _at++;
        return token;
    }

    private bool TryTake(TokenKind kind)
    {
        if (!Is(kind)) return false;
        Take();
        return true;
    }

    private Token Expect(TokenKind kind, string rule, string message) => Is(kind) ? Take() : throw Fail(rule, message);

    private void SkipNewLines()
    {
        while (Is(TokenKind.NewLine)) Take();
    }

    private TokenKind KindAfterNewLines()
    {
        int at = _at;
        while (_tokens[at].Kind == TokenKind.NewLine) at++;
        return _tokens[at].Kind;
    }

    private SourceSpan From(SourceSpan start)
    {
        var last = _at > 0 ? _tokens[_at - 1].Where : start;
        return start with { Length = Math.Max(start.Length, last.End - start.Offset) };
    }

    private SyntaxErrorException Fail(string rule, string message)
    {
        Report(Current.Where, rule, message);
        return new SyntaxErrorException();
    }

    private void Report(SourceSpan where, string rule, string message, Severity severity = Severity.Error)
    {
        // The lexer has already named a character that it does not know.
        if (Current.Kind == TokenKind.Unknown && where == Current.Where) return;
        if (_findings.Count < MaximumErrors) _findings.Add(Finding.At(where, rule, severity, message));
    }

    /// <summary>To the end of the line or of the construct around: brackets opened on the way are closed first.</summary>
    private void SkipTo(params ReadOnlySpan<TokenKind> ends)
    {
        int open = 0;
        while (!Is(TokenKind.EndOfFile))
        {
            if (open == 0 && ends.Contains(Current.Kind)) return;
            switch (Current.Kind)
            {
                case TokenKind.LeftBrace or TokenKind.LeftParen or TokenKind.LeftSquare or TokenKind.StringStart: open++; break;
                case TokenKind.RightBrace or TokenKind.RightParen or TokenKind.RightSquare or TokenKind.StringEnd when open > 0: open--; break;
            }
            Take();
        }
    }

    private T Deeper<T>(Func<T> read)
    {
        if (++_nesting > MaximumDepth)
        {
            _nesting--;
            throw Fail(Rules.Limit, $"Nested deeper than {MaximumDepth} levels.");
        }
        try
        {
            return read();
        }
        finally
        {
            _nesting--;
        }
    }

    private T Bounded<T>(T node) where T : Expression
        => node.Depth <= MaximumDepth ? node : throw Fail(Rules.Limit, $"The expression is deeper than {MaximumDepth} levels; name parts of it with 'var'.");

    // ---- declarations ----

    private List<Declaration> ReadFile()
    {
        List<Declaration> declarations = [];
        SkipNewLines();
        while (!Is(TokenKind.EndOfFile))
        {
            try
            {
                if (ReadDeclaration() is { } declaration) declarations.Add(declaration);
                if (!Is(TokenKind.NewLine) && !Is(TokenKind.EndOfFile)) throw Fail("BCP019", "Expected a new line here.");
            }
            catch (SyntaxErrorException)
            {
                _nesting = 0;
                SkipToNextDeclaration();
            }
            SkipNewLines();
        }
        return declarations;
    }

    /// <summary>After an error: the next line that begins like a declaration, in the first column as everyone writes them.</summary>
    private void SkipToNextDeclaration()
    {
        while (!Is(TokenKind.EndOfFile))
        {
            bool atLineStart = _at > 0 && _tokens[_at - 1].Kind == TokenKind.NewLine;
            if (atLineStart && Current.Where.Column == 1
                && (Is(TokenKind.At) || (Is(TokenKind.Identifier) && Current.Text is "targetScope" or "metadata" or "param" or "var" or "resource" or "module" or "output" or "type" or "func" or "import")))
            {
                return;
            }
            Take();
        }
    }

    private List<Decorator> ReadDecorators()
    {
        List<Decorator> decorators = [];
        while (Is(TokenKind.At))
        {
            var start = Take().Where;
            var expression = ReadMember(complexLiterals: true);
            switch (expression)
            {
                case Expression.Call { Target: null } call:
                    decorators.Add(new Decorator(From(start), null, call.Function, call.Arguments));
                    break;
                case Expression.Call { Target: Expression.Name space } call:
                    decorators.Add(new Decorator(From(start), space.Text, call.Function, call.Arguments));
                    break;
                default:
                    Report(From(start), "BCP123", "Expected a decorator: a function call such as @description('…').");
                    break;
            }
            if (!Is(TokenKind.NewLine)) throw Fail("BCP018", "Expected a new line after the decorator.");
            SkipNewLines();
        }
        return decorators;
    }

    private Declaration? ReadDeclaration()
    {
        var start = Current.Where;
        var decorators = ReadDecorators();
        if (!Is(TokenKind.Identifier)) throw Fail(decorators.Count > 0 ? "BCP147" : "BCP007", "Expected a declaration: targetScope, metadata, param, var, resource, module, output, type, func or import.");
        string keyword = Current.Text;
        if (Unsupported.Contains(keyword)) throw Fail(Rules.NotSupported, $"'{keyword}' is not supported by our reader.");
        switch (keyword)
        {
            case "targetScope":
            {
                Take();
                Expect(TokenKind.Assign, "BCP018", "Expected '=' after 'targetScope'.");
                var value = ReadExpression(complexLiterals: true);
                return new Declaration.TargetScope(From(start), decorators, value);
            }
            case "metadata":
            {
                Take();
                var name = ReadName("BCP015");
                Expect(TokenKind.Assign, "BCP018", "Expected '='.");
                var value = ReadExpression(complexLiterals: true);
                return new Declaration.Metadata(From(start), decorators, name.Text, name.Where, value);
            }
            case "param":
            {
                Take();
                var name = ReadName("BCP013");
                if (Is(TokenKind.NewLine) || Is(TokenKind.EndOfFile) || Is(TokenKind.Assign)) throw Fail("BCP014", "Expected a parameter type.");
                if (IsWord("resource") && Ahead(1).Kind == TokenKind.String) throw Fail(Rules.NotSupported, "Parameters of a resource type are not supported by our reader.");
                var type = ReadType();
                Expression? value = null;
                if (TryTake(TokenKind.Assign)) value = ReadExpression(complexLiterals: true);
                return new Declaration.Parameter(From(start), decorators, name.Text, name.Where, type, value);
            }
            case "var":
            {
                Take();
                var name = ReadName("BCP015");
                TypeExpression? type = Is(TokenKind.Assign) ? null : ReadType();
                Expect(TokenKind.Assign, "BCP018", "Expected '='.");
                var value = ReadExpression(complexLiterals: true);
                return new Declaration.Variable(From(start), decorators, name.Text, name.Where, type, value);
            }
            case "output":
            {
                Take();
                var name = ReadName("BCP016");
                if (Is(TokenKind.Assign)) throw Fail("BCP146", "Expected an output type.");
                if (IsWord("resource") && Ahead(1).Kind == TokenKind.String) throw Fail(Rules.NotSupported, "Outputs of a resource type are not supported by our reader.");
                var type = ReadType();
                Expect(TokenKind.Assign, "BCP018", "Expected '='.");
                var value = ReadExpression(complexLiterals: true);
                return new Declaration.Output(From(start), decorators, name.Text, name.Where, type, value);
            }
            case "type":
            {
                Take();
                var name = ReadName("BCP015");
                Expect(TokenKind.Assign, "BCP018", "Expected '='.");
                var type = ReadType();
                return new Declaration.TypeAlias(From(start), decorators, name.Text, name.Where, type);
            }
            case "func":
                return ReadFunction(start, decorators);
            case "import":
                return ReadImport(start, decorators);
            case "resource":
                return ReadResource(start, decorators);
            case "module":
            {
                Take();
                var name = ReadName("BCP096");
                var path = ReadPlainString("BCP097", "Expected the module's path as a string.");
                Expect(TokenKind.Assign, "BCP018", "Expected '='.");
                var value = ReadBody(isModule: true);
                return new Declaration.Module(From(start), decorators, name.Text, name.Where, path, value);
            }
            default:
                throw Fail("BCP007", $"'{keyword}' is no declaration. Expected targetScope, metadata, param, var, resource, module, output, type, func or import.");
        }
    }

    private Declaration.Resource ReadResource(SourceSpan start, List<Decorator> decorators)
    {
        Take();
        var name = ReadName("BCP017");
        var type = ReadPlainString("BCP068", "Expected the resource's type as a string, 'Provider/type@version'.");
        bool isExisting = false;
        if (IsWord("existing"))
        {
            Take();
            isExisting = true;
        }
        Expect(TokenKind.Assign, "BCP018", "Expected '='.");
        var value = ReadBody(isModule: false);
        return new Declaration.Resource(From(start), decorators, name.Text, name.Where, type, isExisting, value);
    }

    private Declaration.Function ReadFunction(SourceSpan start, List<Decorator> decorators)
    {
        Take();
        var name = ReadName("BCP015");
        Expect(TokenKind.LeftParen, "BCP018", "Expected '('.");
        List<(string, SourceSpan, TypeExpression)> parameters = [];
        SkipNewLines();
        while (!Is(TokenKind.RightParen))
        {
            var parameter = ReadName("BCP015");
            parameters.Add((parameter.Text, parameter.Where, ReadType()));
            SkipNewLines();
            if (!TryTake(TokenKind.Comma)) break;
            SkipNewLines();
        }
        Expect(TokenKind.RightParen, "BCP018", "Expected ')'.");
        var returns = ReadType();
        Expect(TokenKind.Arrow, "BCP018", "Expected '=>'.");
        SkipNewLines();
        var body = ReadExpression(complexLiterals: true);
        return new Declaration.Function(From(start), decorators, name.Text, name.Where, parameters, returns, body);
    }

    private Declaration.Import ReadImport(SourceSpan start, List<Decorator> decorators)
    {
        var keyword = Take();
        List<(string, string, SourceSpan)> items = [];
        string all = "";
        var allWhere = keyword.Where;
        if (TryTake(TokenKind.Star))
        {
            ExpectWord("as");
            var alias = ReadName("BCP355");
            (all, allWhere) = (alias.Text, alias.Where);
        }
        else
        {
            Expect(TokenKind.LeftBrace, "BCP355", "Expected '{' or '*' after 'import'.");
            SkipNewLines();
            while (!Is(TokenKind.RightBrace))
            {
                var item = ReadName("BCP356");
                var alias = item;
                if (IsWord("as"))
                {
                    Take();
                    alias = ReadName("BCP356");
                }
                items.Add((item.Text, alias.Text, alias.Where));
                if (!Is(TokenKind.RightBrace) && !Is(TokenKind.NewLine)) Expect(TokenKind.Comma, "BCP236", "Expected a comma or a new line.");
                SkipNewLines();
            }
            Take();
        }
        ExpectWord("from");
        var path = ReadPlainString("BCP357", "Expected the file's path as a string.");
        return new Declaration.Import(From(start), decorators, all, allWhere, items, path);
    }

    private void ExpectWord(string word)
    {
        if (!IsWord(word)) throw Fail("BCP012", $"Expected '{word}'.");
        Take();
    }

    private Token ReadName(string rule)
    {
        var name = Expect(TokenKind.Identifier, rule, "Expected a name.");
        if (name.Text.Length > 255) Report(name.Where, "BCP024", "The name is longer than 255 characters.");
        return name;
    }

    private Expression.String ReadPlainString(string rule, string message)
    {
        if (!Is(TokenKind.String) && !Is(TokenKind.StringStart)) throw Fail(rule, message);
        var text = ReadString();
        if (text.Literal is null) Report(text.Where, "BCP032", "The value must be known at compile time: no holes in this string.");
        return text;
    }

    /// <summary>The value of a resource or module: <c>{…}</c>, <c>if (…) {…}</c> or <c>[for …: …]</c>.</summary>
    private Expression ReadBody(bool isModule)
    {
        if (Is(TokenKind.LeftSquare)) return ReadFor(complexLiterals: true, isBody: true, allowResources: !isModule);
        return ReadConditionalBody(allowResources: !isModule);
    }

    private Expression ReadConditionalBody(bool allowResources)
    {
        if (IsWord("if"))
        {
            var start = Take().Where;
            Expect(TokenKind.LeftParen, "BCP018", "Expected '(' after 'if'.");
            SkipNewLines();
            var condition = ReadExpression(complexLiterals: true);
            SkipNewLines();
            Expect(TokenKind.RightParen, "BCP018", "Expected ')'.");
            var body = ReadObject(allowResources);
            return Bounded(new Expression.If(From(start), condition, body));
        }
        if (!Is(TokenKind.LeftBrace)) throw Fail("BCP118", "Expected '{', 'if' or '['.");
        return ReadObject(allowResources);
    }

    // ---- expressions ----

    private Expression ReadExpression(bool complexLiterals) => Deeper(() =>
    {
        var start = Current.Where;
        var condition = ReadBinary(complexLiterals, 0);
        if (KindAfterNewLines() != TokenKind.Question) return condition;
        SkipNewLines();
        Take();
        SkipNewLinesOfTernary();
        var whenTrue = ReadExpression(complexLiterals);
        if (KindAfterNewLines() == TokenKind.Colon) SkipNewLines();
        Expect(TokenKind.Colon, "BCP018", "Expected ':' of the '?' before.");
        SkipNewLinesOfTernary();
        var whenFalse = ReadExpression(complexLiterals);
        return Bounded(new Expression.Ternary(From(start), condition, whenTrue, whenFalse));
    });

    private void SkipNewLinesOfTernary()
    {
        if (!Is(TokenKind.NewLine)) return;
        throw Fail("BCP009", "Expected a value: '?' and ':' may begin a line, not end one.");
    }

    private static int PrecedenceOf(TokenKind kind) => kind switch
    {
        TokenKind.Star or TokenKind.Slash or TokenKind.Percent => 100,
        TokenKind.Plus or TokenKind.Minus => 90,
        TokenKind.Less or TokenKind.LessOrEqual or TokenKind.Greater or TokenKind.GreaterOrEqual => 80,
        TokenKind.Equal or TokenKind.NotEqual or TokenKind.EqualIgnoringCase or TokenKind.NotEqualIgnoringCase => 70,
        TokenKind.And => 50,
        TokenKind.Or => 40,
        TokenKind.DoubleQuestion => 30,
        _ => -1,
    };

    private Expression ReadBinary(bool complexLiterals, int above)
    {
        var start = Current.Where;
        var left = ReadUnary(complexLiterals);
        while (PrecedenceOf(Current.Kind) is var precedence && precedence > above)
        {
            var op = Take();
            if (Is(TokenKind.NewLine)) throw Fail("BCP009", "Expected a value: a line can't end with an operator.");
            var right = ReadBinary(complexLiterals, precedence);
            left = Bounded(new Expression.Binary(From(start), op.Kind, op.Where, left, right));
        }
        return left;
    }

    private Expression ReadUnary(bool complexLiterals)
    {
        if (!Is(TokenKind.Bang) && !Is(TokenKind.Minus)) return ReadMember(complexLiterals);
        return Deeper(() =>
        {
            var op = Take();
            if (op.Kind == TokenKind.Minus && Is(TokenKind.Integer))
            {
                // The smallest integer has no positive twin, so sign and digits are read as one.
                var digits = Take();
                Expression literal = new Expression.Integer(From(op.Where), unchecked(-(long)digits.Number));
                return ReadMemberTail(op.Where, literal, complexLiterals);
            }
            var operand = ReadUnary(complexLiterals);
            return (Expression)Bounded(new Expression.Unary(From(op.Where), op.Kind, operand));
        });
    }

    private Expression ReadMember(bool complexLiterals)
    {
        var start = Current.Where;
        return ReadMemberTail(start, ReadPrimary(complexLiterals), complexLiterals);
    }

    private Expression ReadMemberTail(SourceSpan start, Expression target, bool complexLiterals)
    {
        while (true)
        {
            switch (Current.Kind)
            {
                case TokenKind.LeftSquare:
                {
                    Take();
                    bool isSafe = TryTake(TokenKind.Question);
                    bool fromEnd = TryTake(TokenKind.Hat);
                    if (Is(TokenKind.RightSquare)) throw Fail("BCP117", "An empty indexer is not allowed.");
                    var at = ReadExpression(complexLiterals);
                    Expect(TokenKind.RightSquare, "BCP018", "Expected ']'.");
                    target = Bounded(new Expression.Indexed(From(start), target, at, isSafe, fromEnd));
                    break;
                }
                case TokenKind.Dot:
                {
                    Take();
                    bool isSafe = TryTake(TokenKind.Question);
                    var name = Expect(TokenKind.Identifier, "BCP020", "Expected a function or property name.");
                    if (Is(TokenKind.LeftParen))
                    {
                        if (isSafe) Report(name.Where, "BCP322", "'.?' may not be used on function calls.");
                        var arguments = ReadArguments(complexLiterals);
                        target = Bounded(new Expression.Call(From(start), target, name.Text, name.Where, arguments));
                    }
                    else
                    {
                        target = Bounded(new Expression.Property(From(start), target, name.Text, name.Where, isSafe));
                    }
                    break;
                }
                case TokenKind.DoubleColon:
                {
                    Take();
                    var name = Expect(TokenKind.Identifier, "BCP020", "Expected the name of a nested resource.");
                    target = Bounded(new Expression.Nested(From(start), target, name.Text, name.Where));
                    break;
                }
                case TokenKind.Bang:
                    Take();
                    target = Bounded(new Expression.NonNull(From(start), target));
                    break;
                default:
                    return target;
            }
        }
    }

    private List<Expression> ReadArguments(bool complexLiterals)
    {
        Expect(TokenKind.LeftParen, "BCP018", "Expected '('.");
        List<Expression> arguments = [];
        SkipNewLines();
        while (!Is(TokenKind.RightParen))
        {
            arguments.Add(ReadExpression(complexLiterals));
            SkipNewLines();
            if (!Is(TokenKind.Comma)) break;
            Take();
            SkipNewLines();
            if (Is(TokenKind.RightParen)) throw Fail("BCP009", "Expected another argument after the comma.");
        }
        Expect(TokenKind.RightParen, "BCP018", "Expected ',' or ')'.");
        return arguments;
    }

    private Expression ReadPrimary(bool complexLiterals)
    {
        var token = Current;
        switch (token.Kind)
        {
            case TokenKind.Integer:
                Take();
                if (token.Number > long.MaxValue) Report(token.Where, "BCP010", "Expected a valid 64-bit signed integer.");
                return new Expression.Integer(token.Where, unchecked((long)token.Number));
            case TokenKind.String or TokenKind.StringStart:
                return ReadString();
            case TokenKind.LeftBrace when complexLiterals:
                return ReadObject(allowResources: false);
            case TokenKind.LeftSquare when complexLiterals:
                return IsForAhead() ? ReadFor(complexLiterals, isBody: false, allowResources: false) : ReadArray();
            case TokenKind.LeftBrace or TokenKind.LeftSquare:
                throw Fail("BCP101", "Objects and arrays can't be written here; name them with 'var'.");
            case TokenKind.LeftParen:
                return ReadParenthesized(complexLiterals);
            case TokenKind.Identifier:
                return ReadNameOrCall(complexLiterals);
            default:
                throw Fail("BCP009", "Expected a literal value, an array, an object, a parenthesized expression, or a function call.");
        }
    }

    private Expression ReadNameOrCall(bool complexLiterals)
    {
        var name = Take();
        switch (name.Text)
        {
            case "true" or "false": return new Expression.Boolean(name.Where, name.Text == "true");
            case "null": return new Expression.Null(name.Where);
        }
        if (Is(TokenKind.LeftParen))
        {
            var arguments = ReadArguments(complexLiterals);
            return Bounded(new Expression.Call(From(name.Where), null, name.Text, name.Where, arguments));
        }
        if (!Is(TokenKind.Arrow)) return new Expression.Name(name.Where, name.Text);
        return ReadLambda(name.Where, [(name.Text, name.Where)]);
    }

    private Expression.Lambda ReadLambda(SourceSpan start, List<(string, SourceSpan)> parameters)
    {
        Expect(TokenKind.Arrow, "BCP018", "Expected '=>'.");
        SkipNewLines();
        var body = ReadExpression(complexLiterals: true);
        return Bounded(new Expression.Lambda(From(start), parameters, body));
    }

    private Expression ReadParenthesized(bool complexLiterals)
    {
        var start = Take().Where;
        SkipNewLines();
        List<Expression> items = [];
        while (!Is(TokenKind.RightParen))
        {
            items.Add(ReadExpression(complexLiterals));
            SkipNewLines();
            if (!TryTake(TokenKind.Comma)) break;
            SkipNewLines();
        }
        Expect(TokenKind.RightParen, "BCP018", "Expected ')'.");
        if (Is(TokenKind.Arrow))
        {
            List<(string, SourceSpan)> parameters = [];
            foreach (var item in items)
            {
                if (item is Expression.Name name) parameters.Add((name.Text, name.Where));
                else Report(item.Where, "BCP015", "Expected the name of a lambda's parameter.");
            }
            return ReadLambda(start, parameters);
        }
        if (items.Count != 1) throw Fail("BCP243", "Parentheses must hold exactly one expression.");
        return Bounded(new Expression.Parenthesized(From(start), items[0]));
    }

    private Expression.String ReadString()
    {
        var first = Take();
        if (first.Kind == TokenKind.String) return new Expression.String(first.Where, [first.Text], []);
        return Deeper(() =>
        {
            List<string> segments = [first.Text];
            List<Expression> holes = [];
            while (true)
            {
                Expression hole;
                try
                {
                    hole = ReadExpression(complexLiterals: false);
                    if (!Is(TokenKind.StringMiddle) && !Is(TokenKind.StringEnd)) throw Fail("BCP141", "Expected '}' after one expression in the hole of a string.");
                }
                catch (SyntaxErrorException)
                {
                    hole = new Expression.Skipped(Current.Where);
                    SkipTo(TokenKind.StringMiddle, TokenKind.StringEnd, TokenKind.NewLine);
                    // An unterminated hole, which the lexer has reported.
                    if (!Is(TokenKind.StringMiddle) && !Is(TokenKind.StringEnd)) throw new SyntaxErrorException();
                }
                holes.Add(hole);
                var piece = Take();
                segments.Add(piece.Text);
                if (piece.Kind == TokenKind.StringEnd) return Bounded(new Expression.String(From(first.Where), segments, holes));
            }
        });
    }

    private bool IsForAhead()
    {
        int at = _at + 1;
        while (_tokens[at].Kind == TokenKind.NewLine) at++;
        return _tokens[at] is { Kind: TokenKind.Identifier, Text: "for" } && _tokens[Math.Min(at + 1, _tokens.Count - 1)].Kind is TokenKind.Identifier or TokenKind.LeftParen;
    }

    private Expression ReadFor(bool complexLiterals, bool isBody, bool allowResources) => Deeper(() =>
    {
        var start = Expect(TokenKind.LeftSquare, "BCP018", "Expected '['.").Where;
        SkipNewLines();
        if (!IsWord("for")) throw Fail("BCP012", "Expected 'for'.");
        var keyword = Take().Where;
        (string, SourceSpan) item;
        (string, SourceSpan)? index = null;
        if (TryTake(TokenKind.LeftParen))
        {
            var name = ReadName("BCP136");
            item = (name.Text, name.Where);
            Expect(TokenKind.Comma, "BCP249", "Expected two names, (item, index).");
            name = ReadName("BCP163");
            index = (name.Text, name.Where);
            Expect(TokenKind.RightParen, "BCP249", "Expected ')' after the two names (item, index).");
        }
        else
        {
            var name = ReadName("BCP162");
            item = (name.Text, name.Where);
        }
        if (!IsWord("in")) throw Fail("BCP012", "Expected 'in'.");
        Take();
        var source = ReadExpression(complexLiterals: true);
        Expect(TokenKind.Colon, "BCP018", "Expected ':'.");
        Expression body;
        if (isBody)
        {
            if (!Is(TokenKind.LeftBrace) && !IsWord("if")) throw Fail("BCP167", "Expected '{' or 'if' here.");
            body = ReadConditionalBody(allowResources);
        }
        else
        {
            body = ReadExpression(complexLiterals: true);
        }
        SkipNewLines();
        Expect(TokenKind.RightSquare, "BCP018", "Expected ']'.");
        return (Expression)Bounded(new Expression.For(From(start), keyword, item, index, source, body));
    });

    /// <summary>Items of an array, object, or of their types: separated by line ends or by commas, a comma not followed by a line end.</summary>
    private void ReadItems(TokenKind close, Action readItem)
    {
        if (Is(close)) return;
        SkipNewLines();
        while (!Is(close) && !Is(TokenKind.EndOfFile))
        {
            int before = _at;
            try
            {
                readItem();
                if (Is(TokenKind.Comma))
                {
                    Take();
                    if (Is(TokenKind.NewLine))
                    {
                        Report(Current.Where, "BCP238", "Unexpected new line after a comma: items on lines of their own need none.");
                        SkipNewLines();
                    }
                    else if (Is(close))
                    {
                        throw Fail("BCP009", "Expected another item after the comma.");
                    }
                }
                else if (Is(TokenKind.NewLine))
                {
                    SkipNewLines();
                }
                else if (!Is(close))
                {
                    throw Fail("BCP236", "Expected a new line or comma here.");
                }
            }
            catch (SyntaxErrorException)
            {
                SkipTo(TokenKind.NewLine, close);
                if (Is(TokenKind.NewLine) && IsDeclarationAhead()) throw;
                SkipNewLines();
                if (_at == before) Take();
            }
        }
    }

    /// <summary>A closing bracket that is missing must not swallow the rest of the file: a declaration in the first column is outside of every bracket.</summary>
    private bool IsDeclarationAhead()
    {
        int at = _at;
        while (_tokens[at].Kind == TokenKind.NewLine) at++;
        var token = _tokens[at];
        var next = _tokens[Math.Min(at + 1, _tokens.Count - 1)];
        return token.Where.Column == 1 && token is { Kind: TokenKind.Identifier, Text: "param" or "var" or "resource" or "module" or "output" or "type" } && next.Kind == TokenKind.Identifier;
    }

    private Expression ReadArray() => Deeper(() =>
    {
        var start = Take().Where;
        List<Expression> items = [];
        ReadItems(TokenKind.RightSquare, () => items.Add(ReadItemOrSpread()));
        Expect(TokenKind.RightSquare, "BCP018", "Expected ']'.");
        return (Expression)Bounded(new Expression.Array(From(start), items));
    });

    private Expression ReadItemOrSpread()
    {
        if (!Is(TokenKind.Ellipsis)) return ReadExpression(complexLiterals: true);
        var start = Take().Where;
        var value = ReadExpression(complexLiterals: true);
        return Bounded(new Expression.Spread(From(start), value));
    }

    private Expression.Object ReadObject(bool allowResources) => Deeper(() =>
    {
        var start = Expect(TokenKind.LeftBrace, "BCP018", "Expected '{'.").Where;
        List<Expression.ObjectProperty> properties = [];
        List<Declaration.Resource> resources = [];
        ReadItems(TokenKind.RightBrace, () =>
        {
            if (allowResources && (Is(TokenKind.At) || (IsWord("resource") && Ahead(1).Kind == TokenKind.Identifier)))
            {
                var first = Current.Where;
                var decorators = ReadDecorators();
                if (!IsWord("resource")) throw Fail("BCP147", "Expected a nested resource after the decorator.");
                resources.Add(ReadResource(first, decorators));
                return;
            }
            properties.Add(ReadProperty());
        });
        Expect(TokenKind.RightBrace, "BCP018", "Expected '}'.");
        return Bounded(new Expression.Object(From(start), properties, resources));
    });

    private Expression.ObjectProperty ReadProperty()
    {
        if (Is(TokenKind.Ellipsis))
        {
            var spread = ReadItemOrSpread();
            return new Expression.ObjectProperty(spread.Where, null, false, spread);
        }
        Expression.String key;
        bool isQuoted = !Is(TokenKind.Identifier);
        if (Is(TokenKind.Identifier))
        {
            var name = Take();
            if (name.Text is "true" or "false" or "null") Report(name.Where, "BCP022", "Expected a property name; quote it if it is meant.");
            key = new Expression.String(name.Where, [name.Text], []);
        }
        else if (Is(TokenKind.String) || Is(TokenKind.StringStart))
        {
            key = ReadString();
        }
        else
        {
            throw Fail("BCP022", "Expected a property name here.");
        }
        Expect(TokenKind.Colon, "BCP018", "Expected ':' after the property's name.");
        var value = ReadExpression(complexLiterals: true);
        return new Expression.ObjectProperty(key.Where, key, isQuoted, value);
    }

    // ---- types ----

    private TypeExpression ReadType() => Deeper(() =>
    {
        // A union in several lines begins each of them with '|'.
        if (KindAfterNewLines() == TokenKind.Pipe)
        {
            SkipNewLines();
            Take();
        }
        var start = Current.Where;
        List<TypeExpression> members = [ReadSingleType()];
        while (KindAfterNewLines() == TokenKind.Pipe)
        {
            SkipNewLines();
            Take();
            members.Add(ReadSingleType());
        }
        return members.Count == 1 ? members[0] : new TypeExpression.Union(From(start), members);
    });

    private TypeExpression ReadSingleType()
    {
        var start = Current.Where;
        var type = ReadPrimaryType();
        int links = 0;
        while (true)
        {
            if (++links > MaximumDepth) throw Fail(Rules.Limit, $"The type is deeper than {MaximumDepth} levels.");
            switch (Current.Kind)
            {
                case TokenKind.LeftSquare when Ahead(1).Kind == TokenKind.RightSquare:
                    Take();
                    Take();
                    type = new TypeExpression.Array(From(start), type);
                    break;
                case TokenKind.LeftSquare when Ahead(1).Kind == TokenKind.Star:
                    Take();
                    Take();
                    Expect(TokenKind.RightSquare, "BCP018", "Expected ']'.");
                    type = new TypeExpression.ItemsOf(From(start), type);
                    break;
                case TokenKind.LeftSquare:
                    throw Fail(Rules.NotSupported, "Types by index of a tuple are not supported by our reader.");
                case TokenKind.Dot:
                    Take();
                    if (TryTake(TokenKind.Star))
                    {
                        type = new TypeExpression.ItemsOf(From(start), type);
                        break;
                    }
                    var name = Expect(TokenKind.Identifier, "BCP020", "Expected a property name.");
                    type = new TypeExpression.Property(From(start), type, name.Text, name.Where);
                    break;
                case TokenKind.Question:
                    Take();
                    type = new TypeExpression.Nullable(From(start), type);
                    break;
                case TokenKind.Bang:
                    Take();
                    type = new TypeExpression.NonNull(From(start), type);
                    break;
                case TokenKind.Less:
                    throw Fail(Rules.NotSupported, "Types with arguments (resourceInput<…>) are not supported by our reader.");
                default:
                    return type;
            }
        }
    }

    private TypeExpression ReadPrimaryType()
    {
        var token = Current;
        switch (token.Kind)
        {
            case TokenKind.Minus:
                Take();
                var digits = Expect(TokenKind.Integer, "BCP033", "Expected an integer.");
                return new TypeExpression.Literal(From(token.Where), new Expression.Integer(From(token.Where), unchecked(-(long)digits.Number)));
            case TokenKind.Integer:
                return new TypeExpression.Literal(token.Where, ReadPrimary(complexLiterals: false));
            case TokenKind.String or TokenKind.StringStart:
                return new TypeExpression.Literal(token.Where, ReadPlainString("BCP294", ""));
            case TokenKind.Identifier when token.Text is "true" or "false" or "null":
                return new TypeExpression.Literal(token.Where, ReadPrimary(complexLiterals: false));
            case TokenKind.Identifier:
                Take();
                return new TypeExpression.Named(token.Where, token.Text);
            case TokenKind.LeftParen:
                Take();
                var inner = ReadType();
                Expect(TokenKind.RightParen, "BCP018", "Expected ')'.");
                return inner;
            case TokenKind.LeftBrace:
                return ReadObjectType();
            case TokenKind.LeftSquare:
                Take();
                List<(IReadOnlyList<Decorator>, TypeExpression)> items = [];
                ReadItems(TokenKind.RightSquare, () => items.Add((ReadDecorators(), ReadType())));
                Expect(TokenKind.RightSquare, "BCP018", "Expected ']'.");
                return new TypeExpression.Tuple(From(token.Where), items);
            default:
                throw Fail("BCP281", "Expected a type.");
        }
    }

    private TypeExpression.Object ReadObjectType()
    {
        var start = Take().Where;
        List<TypeExpression.Member> members = [];
        TypeExpression? additional = null;
        ReadItems(TokenKind.RightBrace, () =>
        {
            var decorators = ReadDecorators();
            if (TryTake(TokenKind.Star))
            {
                Expect(TokenKind.Colon, "BCP018", "Expected ':'.");
                additional = ReadType();
                return;
            }
            if (!Is(TokenKind.Identifier) && !Is(TokenKind.String)) throw Fail("BCP022", "Expected a property name here.");
            var name = Take();
            Expect(TokenKind.Colon, "BCP018", "Expected ':'. A property is made optional by '?' behind its type.");
            members.Add(new TypeExpression.Member(name.Text, name.Where, decorators, ReadType()));
        });
        Expect(TokenKind.RightBrace, "BCP018", "Expected '}'.");
        return new TypeExpression.Object(From(start), members, additional);
    }
}
